/** The processes of Asof itself, as the development stack runs them. */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProcessName, Settings } from '../contracts/config.ts';
import type { ComponentName, Running, StartOptions } from './component.ts';
import { runDirectory } from './run-records.ts';
import { startProcess } from './start-process.ts';

export type AsofProcessName = Exclude<ProcessName, ComponentName>;

const PROGRAM = fileURLToPath(new URL('../bin/asof', import.meta.url));

/** Starting four of them at once takes a while on a busy machine. */
const TIMEOUT_MILLIS = 180_000;

const COMMANDS: Readonly<Record<AsofProcessName, readonly string[]>> = {
  'worker-orchestration': ['worker', '--kind', 'orchestration'],
  'worker-compute': ['worker', '--kind', 'compute'],
  'worker-serving': ['worker', '--kind', 'serving'],
  api: ['serve', '--host', '127.0.0.1'],
};

/**
 * Starts a worker, which is ready when it has made the file that `ASOF_READY_FILE` names, or the API, which makes the file
 * once it listens, so that nobody else answers on its port, and is ready when `/ready` answers 200. `settings` hold the
 * addresses of all components.
 */
export function startAsofProcess(
  name: AsofProcessName,
  settings: Settings,
  options: Pick<StartOptions, 'ports' | 'launched'>,
): Promise<Running> {
  const readyFile = path.join(runDirectory(settings.stateDirectory), `${name}.ready`);
  const isApi = name === 'api';
  return startProcess(
    {
      name,
      ports: isApi ? [8080] : [],
      timeoutMillis: TIMEOUT_MILLIS,
      command: ([port]) => {
        rmSync(readyFile, { force: true });
        return {
          program: process.execPath,
          args: [
            ...[PROGRAM, '-C', settings.projectDirectory, ...COMMANDS[name]],
            ...(isApi ? ['--port', String(port)] : []),
          ],
          env: {
            ...ownEnvironment(),
            ...addressVariables(settings),
            ASOF_READY_FILE: readyFile,
            ASOF_STACK_PROCESS: name,
          },
          directory: settings.projectDirectory,
        };
      },
      probe: async ({ ports: [port] }) => {
        if (!existsSync(readyFile)) return undefined;
        if (!isApi) return { address: null, ui: null };
        const address = `http://127.0.0.1:${port}`;
        return (await isHttpReady(`${address}/ready`)) ? { address, ui: address } : undefined;
      },
    },
    { ...options, directory: settings.stateDirectory },
  );
}

/** Three workers cannot listen on one address. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { ASOF_METRICS_ADDRESS: _ofOneProcess, ...environment } = process.env;
  return environment;
}

/** What tells another process of Asof where the components are. */
export function addressVariables(settings: Settings): Record<string, string> {
  const variables = {
    ASOF_CATALOG_URL: settings.catalogUrl,
    REDIS_URL: settings.redisUrl,
    TEMPORAL_ADDRESS: settings.temporal.address,
    TEMPORAL_NAMESPACE: settings.temporal.namespace,
    S3_ENDPOINT: settings.s3.endpoint,
    KAFKA_BROKERS: settings.kafkaBrokers?.join(',') ?? null,
    // engine queries hold threads of libuv's pool
    UV_THREADPOOL_SIZE: process.env['UV_THREADPOOL_SIZE'] ?? '16',
  };
  return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== null));
}

async function isHttpReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).status === 200;
  } catch {
    return false;
  }
}
