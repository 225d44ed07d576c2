/** The Temporal development server with its pages: SQLite in `.asof/temporal.db`, on loopback. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { SEARCH_ATTRIBUTES } from '../contracts/run-messages.ts';
import type { Component } from './component.ts';
import { readLog } from './launch.ts';
import { startProcess } from './start-process.ts';
import { checkNamespace } from './temporal-api.ts';
import { locateTemporal, provideTemporal } from './temporal-programs.ts';

export const temporalComponent: Component = {
  name: 'temporal',
  locate: locateTemporal,
  provide: provideTemporal,
  start: (program, options) => {
    mkdirSync(options.directory, { recursive: true });
    return startProcess(
      {
        name: 'temporal',
        ports: [7233, 8233],
        timeoutMillis: 60_000,
        command: ([port, uiPort]) => ({
          program,
          args: [
            ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
            ...(options.durable ? ['--db-filename', path.join(options.directory, 'temporal.db')] : []),
            ...(options.namespace === 'default' ? [] : ['--namespace', options.namespace]),
            ...Object.values(SEARCH_ATTRIBUTES).flatMap(({ name }) => ['--search-attribute', `${name}=Keyword`]),
          ],
          env: withoutTemporalSettings(process.env),
          directory: options.directory,
        }),
        probe: async ({ ports: [port, uiPort], log }) => {
          // the program prints this once it has bound its ports, so nobody else answers on them
          if (!/^Server:\s/m.test(readLog(log))) return undefined;
          const address = `127.0.0.1:${port}`;
          const isReady = await checkNamespace(address, options.namespace).then(
            () => true,
            () => false,
          );
          return isReady ? { address, ui: `http://127.0.0.1:${uiPort}` } : undefined;
        },
      },
      options,
    );
  },
};

/** The command line reads its own settings from `TEMPORAL_…`; those of a user's client must not reach the server. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
