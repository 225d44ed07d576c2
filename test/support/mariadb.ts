/** A MariaDB server for a test file, from Debian's package, on a free port of the loopback interface. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { installPackage } from '../../stack/apt-packages.ts';
import { freePort } from './spark-server.ts';

export interface MariadbServer {
  /** Of an administrator, without a database. */
  readonly url: string;
  close(): Promise<void>;
}

const SERVER = '/usr/sbin/mariadbd';
const MAKE_TABLES = '/usr/bin/mariadb-install-db';
/** The last one belongs to another package, and makes the tables of the first. */
const PROGRAMS = [SERVER, MAKE_TABLES, '/usr/bin/my_print_defaults'];
const START_MILLIS = 120_000;

/** Why there is none, where the package is not there and cannot be installed. */
export async function findMariadb(): Promise<string | undefined> {
  const isThere = (): boolean => PROGRAMS.every((program) => existsSync(program));
  if (isThere()) return undefined;
  const tried: string[] = [];
  for (const name of ['mariadb-server-core', 'mariadb-client-core']) {
    tried.push(await installPackage(name, () => undefined));
  }
  return isThere() ? undefined : `no MariaDB for this test: ${tried.join('; ')}`;
}

export async function startMariadb(): Promise<MariadbServer> {
  const directory = mkdtempSync(path.join(tmpdir(), 'asof-mariadb-'));
  const user = userInfo().username;
  const data = path.join(directory, 'data');
  const made = spawnSync(
    MAKE_TABLES,
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--user=${user}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`mariadb-install-db: ${made.stderr}${made.stdout}`);
  const port = await freePort();
  const server = spawn(
    SERVER,
    [
      ...['--no-defaults', `--datadir=${data}`, `--user=${user}`, '--bind-address=127.0.0.1', `--port=${port}`],
      ...[
        `--socket=${path.join(directory, 'socket')}`,
        '--innodb-buffer-pool-size=32M',
        '--innodb-flush-log-at-trx-commit=0',
      ],
      '--skip-name-resolve',
    ],
    { stdio: 'ignore' },
  );
  const exited = once(server, 'exit');
  const url = `mysql://root@127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    server.kill('SIGTERM');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const until = Date.now() + START_MILLIS;
  for (;;) {
    try {
      await (await createConnection({ uri: url })).end();
      return { url, close };
    } catch (error) {
      if (server.exitCode !== null || Date.now() > until) {
        await close();
        throw error;
      }
      await sleep(100);
    }
  }
}
