/** The commands of docker-compose.yml, run on this machine against real servers: ready, at work, and gone when asked. */
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPort } from '../../../stack/ports.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import { createDatabase, createNamespace, temporaryDirectory, testStack } from '../../support/stack.ts';
import { parseGraceMillis, readComposeServices, readImage, ROOT, type ComposeService } from './compose-file.ts';
import { startService, type NativeService } from './native-service.ts';

const services = readComposeServices();
const image = readImage();
const WORKERS = ['worker-orchestration', 'worker-compute', 'worker-serving'] as const;
const MINUTE = 60_000;

/** Where the image has a file of the sources. */
function sourceFile(inImage: string): string {
  return path.join(ROOT, path.relative(image.directory, inImage));
}

describe('the image', () => {
  const [init, separator, program, option, project] = image.entrypoint;

  it('runs bin/asof, which exists and may be executed, under an init that passes signals on', () => {
    expect([init, separator]).toEqual(['tini', '--']);
    expect(sourceFile(program!)).toBe(path.join(ROOT, 'bin/asof'));
    accessSync(sourceFile(program!), constants.X_OK);
    expect([option, project]).toEqual(['-C', '/project']);
  });

  it('serves when nothing else is asked of it', () => {
    expect(image.command).toEqual(['serve']);
    expect(existsSync(path.join(ROOT, 'cli/commands', `${image.command[0]}.ts`))).toBe(true);
  });
});

describe('the services', () => {
  const directory = temporaryDirectory('asof-compose-');
  const projectDirectory = path.join(directory.path, 'project');
  const started = new Map<string, NativeService>();
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let namespace: string;
  let kafka: KafkaBroker | undefined;
  /** What stands in docker-compose.yml, and what it is here. S3 is not called by what runs below. */
  let replaced: readonly (readonly [string, string])[];

  beforeAll(async () => {
    database = await createDatabase();
    namespace = await createNamespace();
    kafka = await startKafka();
    const { redisUrl, temporalAddress } = testStack();
    replaced = [
      ['kafka:9092', kafka.brokers[0]!],
      ['postgres://asof:asof@postgres:5432/asof', database.url],
      ['redis://redis:6379', redisUrl],
      ['temporal:7233', temporalAddress],
      ['0.0.0.0', '127.0.0.1'],
      ['8080', String(await findPort(null))],
    ];
  }, MINUTE);
  afterAll(async () => {
    await Promise.all([...started.values()].map((service) => service.kill()));
    await kafka?.close();
    await database.drop();
    directory.remove();
  });

  const here = (text: string): string => replaced.reduce((result, [from, to]) => result.replaceAll(from, to), text);

  /** Starts a command line behind the image's entrypoint, in the environment of a service. */
  function start(name: string, command: readonly string[], more: Readonly<Record<string, string>> = {}): NativeService {
    const [, , program, ...options] = image.entrypoint;
    const environment = Object.entries(serviceOf(name).environment ?? {}).map(([key, value]) => [key, here(value)]);
    const service = startService({
      program: process.execPath,
      args: [
        sourceFile(program!),
        ...options.map((option) => (option === '/project' ? projectDirectory : option)),
        ...command.map(here),
      ],
      environment: {
        ...(Object.fromEntries(environment) as Record<string, string>),
        ASOF_LAKE_URL: path.join(directory.path, 'lake'),
        TEMPORAL_NAMESPACE: namespace,
        ASOF_THREADS: '1',
        ...more,
      },
      directory: directory.path,
    });
    started.set(`${name} ${command.join(' ')}`, service);
    return service;
  }

  /** `docker compose run --rm cli …` */
  async function runCli<T>(...command: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await start('cli', [...command, '--json']).outcome;
    expect({ command, code, problem: code === 0 ? '' : stderr + stdout }).toEqual({ command, code: 0, problem: '' });
    return JSON.parse(stdout) as T;
  }

  /** Polls until the service says that it is ready; fails at once when it has ended. */
  async function untilReady(service: NativeService, isReady: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isReady())) {
      if (service.exitCode() !== undefined) throw new Error((await service.outcome).stderr);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it(
    'become ready, take a project from its files to an online read, and end with 0 when they are asked to',
    async () => {
      await runCli('init', projectDirectory);
      const readyFile = (name: string): string => path.join(directory.path, `${name}.ready`);
      const running = new Map(
        [...WORKERS, 'api'].map((name) => [
          name,
          start(name, serviceOf(name).command!, { ASOF_READY_FILE: readyFile(name) }),
        ]),
      );
      for (const [name, service] of running) {
        await untilReady(service, name === 'api' ? isApiHealthy : () => existsSync(readyFile(name)));
      }

      expect(await runCli(...serviceOf('cli').command!)).toMatchObject({ ok: true });
      await runCli('apply', '--yes');
      expect(await runCli('ingest', 'orders')).toMatchObject({ source: 'orders' });
      await runCli('materialize', '--all');
      await expect
        .poll(readOnline, { timeout: 10_000 })
        .toMatchObject({ values: [expect.any(Number)], statuses: ['PRESENT'], served_from: ['online'] });

      await Promise.all(
        [...running].map(async ([name, service]) => {
          const { code, stderr } = await service.terminate(parseGraceMillis(serviceOf(name).stop_grace_period!));
          expect({ name, code, stderr: code === 0 ? '' : stderr }).toEqual({ name, code: 0, stderr: '' });
          expect(existsSync(readyFile(name))).toBe(false);
        }),
      );
    },
    5 * MINUTE,
  );

  /** The healthcheck's own command. */
  async function isApiHealthy(): Promise<boolean> {
    const [kind, program, ...args] = serviceOf('api').healthcheck!.test;
    expect([kind, program]).toEqual(['CMD', 'node']);
    const check = startService({
      program: process.execPath,
      args: args.map(here),
      environment: {},
      directory: directory.path,
    });
    return (await check.outcome).code === 0;
  }

  /** The mean of customer 1's last orders, asked of the API. */
  async function readOnline(): Promise<unknown> {
    const response = await fetch(here('http://127.0.0.1:8080/v1/online-features'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ features: ['customer_orders:amount_mean_last_5'], entities: { customer_id: [1] } }),
    });
    return ((await response.json()) as { results?: readonly unknown[] }).results?.[1];
  }
});

function serviceOf(name: string): ComposeService {
  const service = services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}
