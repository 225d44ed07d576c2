/** Redis: from PATH, or from the package manager when this process may use it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import { installPackage } from './apt-packages.ts';
import type { Component, Located } from './component.ts';
import { findOnPath } from './program-search.ts';
import { askRedis } from './redis-probe.ts';
import { startProcess } from './start-process.ts';

const MEND =
  'install it (`apt-get install redis-server`, `brew install redis`), or name a running server with REDIS_URL';

export const redisComponent: Component = {
  name: 'redis',
  locate: async (): Promise<Located> => {
    const program = findOnPath('redis-server');
    return program === undefined
      ? { found: false, looked: ['REDIS_URL (not set)', 'redis-server on PATH'], mend: MEND }
      : { found: true, program };
  },
  provide: async (report) => {
    const located = await redisComponent.locate();
    if (located.found) return located.program;
    const problem = await installPackage('redis-server', report);
    const installed = findOnPath('redis-server');
    if (installed !== undefined) return installed;
    throw new AsofError('COMPONENT_MISSING', {
      component: 'Redis',
      problem: `looked at ${[...located.looked, problem].join('; ')}. ${located.mend}`,
    });
  },
  start: (program, options) => {
    const directory = path.join(options.directory, 'redis');
    mkdirSync(directory, { recursive: true });
    return startProcess(
      {
        name: 'redis',
        ports: [6379],
        timeoutMillis: 60_000,
        command: ([port]) => ({
          program,
          args: redisArguments(Number(port), directory, options.durable),
          env: process.env,
          directory,
        }),
        probe: async ({ pid, ports: [port] }) => {
          const url = `redis://127.0.0.1:${port}`;
          const answer = await askRedis(url);
          return answer.answers && answer.pid === pid ? { address: url, ui: null } : undefined;
        },
      },
      options,
    );
  },
};

/** An append-only file lets online values survive `down` and `up`; a store that is not durable keeps nothing. */
function redisArguments(port: number, directory: string, durable: boolean): string[] {
  const persistence = ['--save', '', '--appendonly', durable ? 'yes' : 'no'];
  return ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--daemonize', 'no', ...persistence];
}
