import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DevStack, ProcessName, Settings } from '../../../contracts/config.ts';
import { readStack, startStack, stopStack } from '../../../stack/dev.ts';
import { identifyProcess } from '../../../stack/process-identity.ts';
import { findRunning, writeRecord } from '../../../stack/run-records.ts';
import { settingsFor } from '../../support/settings.ts';

const COMPONENTS = ['temporal', 'redis', 'catalog'] as const;
const STARTER = path.resolve(import.meta.dirname, '../../support/stack-starter.ts');

let root: string;
const started: Settings[] = [];

/** A project in a folder that only its owner may enter, with a path longer than that of a Unix socket may be. */
function deepProject(name: string): Settings {
  const directory = path.join(root, name, ...Array<string>(8).fill('a folder with a long name'));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const settings = settingsFor(directory);
  started.push(settings);
  return settings;
}

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'asof-dev-'));
});
afterEach(async () => {
  for (const settings of started.splice(0)) await stopStack(settings);
  rmSync(root, { recursive: true });
});

const start = (settings: Settings, processes: readonly ProcessName[] = COMPONENTS): Promise<DevStack> =>
  startStack(settings, { processes });

describe('startStack', () => {
  it('starts every component in a deep folder of mode 0700, and tells where', async () => {
    const settings = deepProject('one');
    const stack = await start(settings);
    expect(await askCatalog(stack, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await withRedis(stack, (redis) => redis.ping())).toBe('PONG');
    const connection = await Connection.connect({ address: stack.temporal.address });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    await connection.close();
    expect(Object.keys(customAttributes ?? {})).toEqual(
      expect.arrayContaining(['AsofProject', 'AsofView', 'AsofDataset']),
    );
    expect((await fetch(stack.temporal.ui)).status).toBe(200);

    expect(await listeners(stack)).toEqual([]);

    expect(readStack(settings)).toEqual(stack);
    expect(stack.processes.map(({ name }) => name)).toEqual(COMPONENTS);
    const file = path.join(settings.stateDirectory, 'dev.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(stack);
    // the address of the catalog carries its password
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  it('runs beside another stack, and beside whoever has the usual ports', async () => {
    const squatter = createServer()
      .listen(6379, '127.0.0.1')
      .on('error', () => undefined);
    const [one, two] = await Promise.all([start(deepProject('one')), start(deepProject('two'))]);
    squatter.close();
    const addresses = [one, two].flatMap(({ temporal, redis, catalog }) => [
      temporal.address,
      new URL(temporal.ui).host,
      new URL(redis.url).host,
      new URL(catalog.url).host,
    ]);
    expect(new Set(addresses).size).toBe(8);
    expect(addresses).not.toContain('127.0.0.1:6379');
    await withRedis(one, (redis) => redis.set('whose', 'one'));
    expect(await withRedis(two, (redis) => redis.get('whose'))).toBeNull();
  });

  it('starts only what is missing, where it was before', async () => {
    const settings = deepProject('one');
    const first = await start(settings, ['redis', 'catalog']);
    process.kill(pidOf(first, 'redis'), 'SIGKILL');
    await expect.poll(() => readStack(settings)?.processes.map(({ name }) => name)).toEqual(['catalog']);
    const second = await start(settings, ['redis', 'catalog']);
    expect(second.redis.url).toBe(first.redis.url);
    expect(pidOf(second, 'redis')).not.toBe(pidOf(first, 'redis'));
    expect(pidOf(second, 'catalog')).toBe(pidOf(first, 'catalog'));
  });

  it('run twice at once starts one stack', async () => {
    const settings = deepProject('one');
    const [first, second] = await Promise.all([start(settings, ['redis']), start(settings, ['redis'])]);
    expect(second).toEqual(first);
  });

  it('holds none of the descriptors of its caller', async () => {
    const settings = deepProject('one');
    // both pipes close when the last process that holds them has exited
    const command = 'exec 9>&1; exec "$0" --import tsx "$1" "$2" start redis';
    await promisify(execFile)('sh', ['-c', command, process.execPath, STARTER, settings.projectDirectory]);
    expect(readStack(settings)?.processes.length).toBe(1);
  });

  it('fails with the end of the log when a component cannot run, and leaves nothing behind', async () => {
    const settings = deepProject('one');
    mkdirSync(path.join(settings.stateDirectory, 'redis', 'appendonlydir', 'appendonly.aof.manifest'), {
      recursive: true,
    });
    await expect(start(settings, ['redis', 'temporal'])).rejects.toMatchObject({
      code: 'COMPONENT_FAILED',
      message: expect.stringMatching(/^redis did not start: .*redis\.log says:/) as string,
    });
    expect(COMPONENTS.filter((name) => findRunning(settings.stateDirectory, name))).toEqual([]);
    expect(readStack(settings)).toBeUndefined();
  });
});

describe('stopStack', () => {
  it('returns when no process is left, and the next start finds the data', async () => {
    const settings = deepProject('one');
    const first = await start(settings);
    await askCatalog(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await withRedis(first, (redis) => redis.set('kept', 'yes'));
    await withTemporal(first, (client) =>
      client.workflow.start('kept', { workflowId: 'kept', taskQueue: 'nobody', args: [] }),
    );

    expect(await stopStack(settings)).toEqual([...COMPONENTS]);
    expect(first.processes.filter(({ pid }) => identifyProcess(pid) !== undefined)).toEqual([]);
    expect(processesOf(settings)).toEqual([]);
    expect(existsSync(path.join(settings.stateDirectory, 'dev.json'))).toBe(false);
    expect(await stopStack(settings)).toEqual([]);

    const second = await start(settings);
    expect(await askCatalog(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await withRedis(second, (redis) => redis.get('kept'))).toBe('yes');
    const found = await withTemporal(second, (client) => client.workflow.getHandle('kept').describe());
    expect(found.status.name).toBe('RUNNING');
  });

  it('does not wait for clients that stay connected', async () => {
    const settings = deepProject('one');
    const stack = await start(settings, ['catalog']);
    const client = new Client({ connectionString: stack.catalog.url });
    client.on('error', () => undefined);
    await client.connect();
    const before = performance.now();
    await stopStack(settings);
    expect(performance.now() - before).toBeLessThan(9_000);
  });

  it('cleans up after a start that was killed half way', async () => {
    const settings = deepProject('one');
    const starter = execFile(process.execPath, [
      '--import',
      'tsx',
      STARTER,
      settings.projectDirectory,
      'start',
      ...COMPONENTS,
    ]);
    const temporalLog = path.join(settings.stateDirectory, 'logs', 'temporal.log');
    await expect.poll(() => existsSync(temporalLog), { timeout: 20_000, interval: 5 }).toBe(true);
    starter.kill('SIGKILL');
    await expect.poll(() => starter.signalCode).toBe('SIGKILL');
    await stopStack(settings);
    expect(processesOf(settings)).toEqual([]);
    expect((await start(settings)).processes.length).toBe(3);
  });

  it('ends only what it started, not who has got the pid since', async () => {
    const settings = deepProject('one');
    const bystander = execFile('sleep', ['60']);
    writeRecord(settings.stateDirectory, {
      ...{ name: 'redis', owner: 'dev', ready: true, address: 'redis://127.0.0.1:1', ui: null, ports: [1] },
      process: { pid: bystander.pid ?? 0, started: 'before' },
    });
    expect(await stopStack(settings)).toEqual(['redis']);
    expect(bystander.exitCode).toBeNull();
    expect(bystander.signalCode).toBeNull();
    bystander.kill();
  });
});

/** Where the stack listens besides loopback. */
async function listeners(stack: DevStack): Promise<readonly string[]> {
  const pids = stack.processes.map(({ pid }) => `pid=${pid},`);
  const { stdout } = await promisify(execFile)('ss', ['-ltnpH']);
  return stdout
    .split('\n')
    .filter((line) => pids.some((pid) => line.includes(pid)) && !/\s127\.0\.0\.1:\d+\s/.test(line));
}

function pidOf(stack: DevStack, name: string): number {
  return stack.processes.find((process) => process.name === name)?.pid ?? 0;
}

/** The command lines of living processes that name the project's folder. */
function processesOf(settings: Settings): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && identifyProcess(Number(name)) !== undefined)
    .map((pid) => readOrEmpty(`/proc/${pid}/cmdline`).replaceAll('\0', ' '))
    .filter((command) => command.includes(settings.projectDirectory));
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function askCatalog(stack: DevStack, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: stack.catalog.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withRedis<T>(stack: DevStack, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(stack.redis.url);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

async function withTemporal<T>(stack: DevStack, ask: (client: TemporalClient) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: stack.temporal.address });
  try {
    return await ask(new TemporalClient({ connection }));
  } finally {
    await connection.close();
  }
}
