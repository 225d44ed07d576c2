/** The embedded catalog: PostgreSQL on loopback, with a password, data in `.asof/catalog`. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import type { Component, Located, StartOptions } from './component.ts';
import { findPostgres } from './postgres-binaries.ts';
import { findOnPath, isRoot, runToEnd } from './program-search.ts';
import { startProcess } from './start-process.ts';

const USER = 'asof';
const REINSTALL = 'run `npm ci` with optional dependencies, or name a PostgreSQL server with ASOF_CATALOG_URL';
const NOT_AS_ROOT =
  'run as another user than root, allow user namespaces, or name a PostgreSQL server with ASOF_CATALOG_URL';

export const catalogComponent: Component = {
  name: 'catalog',
  locate: async (): Promise<Located> => {
    const search = findPostgres();
    const looked = ['ASOF_CATALOG_URL (not set)'];
    if (!search.found) return { found: false, looked: [...looked, search.problem], mend: REINSTALL };
    const refusal = await refusalOfRoot();
    if (refusal !== undefined) return { found: false, looked: [...looked, refusal], mend: NOT_AS_ROOT };
    return { found: true, program: search.binaries.postgres };
  },
  provide: async () => {
    const located = await catalogComponent.locate();
    if (located.found) return located.program;
    throw new AsofError('COMPONENT_MISSING', {
      component: 'The embedded PostgreSQL',
      problem: `looked at ${located.looked.join('; ')}. ${located.mend}`,
    });
  },
  start: async (postgres, options) => {
    const home = path.join(options.directory, 'catalog');
    const data = path.join(home, 'data');
    const password = await prepareData(home, data, path.join(path.dirname(postgres), 'initdb'));
    return startProcess(
      {
        name: 'catalog',
        ports: [5432],
        timeoutMillis: 120_000,
        command: ([port]) => ({
          ...withoutRoot(postgres, postgresArguments(Number(port), data, options)),
          env: process.env,
          directory: home,
        }),
        probe: async ({ pid, ports: [port] }) => {
          const address = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
          return isReady(data, pid) ? { address, ui: null } : undefined;
        },
      },
      options,
    );
  },
};

/** No Unix socket: its path would be too long in deep folders, and it would be shared by stacks on the same port. */
function postgresArguments(port: number, data: string, { durable }: StartOptions): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return [
    '-D',
    data,
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ];
}

/** Makes the data directory unless it exists: elsewhere first, so that an interrupted attempt leaves no half of one. */
async function prepareData(home: string, data: string, initdb: string): Promise<string> {
  const passwordFile = path.join(home, 'password');
  if (existsSync(data)) return readFileSync(passwordFile, 'utf8').trim();
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const password = randomBytes(18).toString('hex');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const unfinished = `${data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const login = ['--username', USER, '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
  const { program, args } = withoutRoot(initdb, ['-D', unfinished, ...login, '--encoding', 'UTF8', '--locale', 'C']);
  const { succeeded, output } = await runToEnd(program, args, { timeoutMillis: 120_000 });
  if (!succeeded) throw new AsofError('COMPONENT_FAILED', { component: 'catalog', problem: `initdb: ${output}` });
  renameSync(unfinished, data);
  return password;
}

/** PostgreSQL's own word on its state: the pid and the status of the server that holds this data directory. */
function isReady(data: string, pid: number): boolean {
  try {
    const lines = readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

/**
 * PostgreSQL refuses to run as root. In a user namespace root appears to it as another user, and still owns its files
 * whatever the permissions of the folders above.
 */
const NAMESPACE = ['--user', '--map-user=1000', '--map-group=1000'] as const;

function withoutRoot(program: string, args: readonly string[]): { program: string; args: readonly string[] } {
  return isRoot() ? { program: 'unshare', args: [...NAMESPACE, program, ...args] } : { program, args };
}

/** Why PostgreSQL cannot run as this user; undefined when it can. */
async function refusalOfRoot(): Promise<string | undefined> {
  if (!isRoot()) return undefined;
  if (findOnPath('unshare') === undefined) return 'PostgreSQL refuses root, and there is no `unshare` on PATH';
  const { succeeded, output } = await runToEnd('unshare', [...NAMESPACE, 'true'], { timeoutMillis: 10_000 });
  return succeeded ? undefined : `PostgreSQL refuses root, and \`unshare --user\` failed: ${output}`;
}
