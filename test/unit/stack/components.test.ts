import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { COMPONENTS } from '../../../stack/components.ts';
import { examineComponents } from '../../../stack/doctor.ts';
import { findPostgres } from '../../../stack/postgres-binaries.ts';
import { settingsFor } from '../../support/settings.ts';

/** A machine with an empty PATH, an empty home and no way out. */
let machine: string;
beforeEach(() => {
  machine = mkdtempSync(path.join(tmpdir(), 'asof-machine-'));
  vi.stubEnv('PATH', path.join(machine, 'bin'));
  vi.stubEnv('HOME', machine);
  vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(machine, { recursive: true });
});

function install(...place: readonly string[]): string {
  const program = path.join(machine, ...place);
  mkdirSync(path.dirname(program), { recursive: true });
  writeFileSync(program, '');
  chmodSync(program, 0o755);
  return program;
}

describe('Temporal', () => {
  it('is taken from PATH, then from the build in the cache, then from the download in the cache', async () => {
    const { temporal } = COMPONENTS;
    const downloaded = install('.cache', 'asof', 'temporal', 'temporal-sdk-typescript-1.24.0');
    expect(await temporal.locate()).toEqual({ found: true, program: downloaded });
    const built = install('.cache', 'asof', 'bin', 'temporal');
    expect(await temporal.locate()).toEqual({ found: true, program: built });
    const onPath = install('bin', 'temporal');
    expect(await temporal.locate()).toEqual({ found: true, program: onPath });
    expect(await temporal.provide(() => undefined)).toBe(onPath);
  });

  it('that is nowhere and cannot be fetched says where it was looked for, in order, and what to do', async () => {
    const steps: string[] = [];
    const failure = await COMPONENTS.temporal.provide((line) => steps.push(line)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'COMPONENT_MISSING' });
    const { message } = failure as Error;
    const places = ['TEMPORAL_ADDRESS', 'temporal on PATH', '.cache/asof/bin/temporal', 'the download', 'go install'];
    const positions = places.map((place) => message.indexOf(place));
    expect(positions.every((position) => position > 0)).toBe(true);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(message).toContain('no go on PATH');
    expect(message).toContain('install the Temporal CLI');
    expect(steps).toEqual(['downloading the Temporal server']);
  });
});

describe('S3', () => {
  it('is taken from PATH, then from the build in the cache, then from the installation of Python’s', async () => {
    const { s3 } = COMPONENTS;
    const moto = install('.cache', 'asof', 'moto', 'bin', 'moto_server');
    expect(await s3.locate()).toEqual({ found: true, program: moto });
    const built = install('.cache', 'asof', 'bin', 'versitygw');
    expect(await s3.locate()).toEqual({ found: true, program: built });
    const onPath = install('bin', 'versitygw');
    expect(await s3.locate()).toEqual({ found: true, program: onPath });
    expect(await s3.provide(() => undefined)).toBe(onPath);
  });

  it('that is nowhere and cannot be fetched says where it was looked for, in order, and what to do', async () => {
    const failure = await COMPONENTS.s3.provide(() => undefined).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'COMPONENT_MISSING' });
    const { message } = failure as Error;
    const places = [
      'S3_ENDPOINT',
      'versitygw on PATH',
      'bin/versitygw',
      'moto/bin/moto_server',
      'go install',
      'pip install',
    ];
    const positions = places.map((place) => message.indexOf(place));
    expect(positions.every((position) => position > 0)).toBe(true);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(message).toContain('install versitygw');
  });
});

describe('Redis', () => {
  it('is taken from PATH', async () => {
    const program = install('bin', 'redis-server');
    expect(await COMPONENTS.redis.locate()).toEqual({ found: true, program });
  });

  it('that is nowhere and cannot be installed says so', async () => {
    await expect(COMPONENTS.redis.provide(() => undefined)).rejects.toMatchObject({
      code: 'COMPONENT_MISSING',
      message: expect.stringMatching(/REDIS_URL .*redis-server on PATH; apt-get .*brew install redis/) as string,
    });
  });
});

describe('PostgreSQL', () => {
  it('comes with the npm packages', () => {
    expect(findPostgres()).toMatchObject({ found: true });
  });

  it.runIf(process.getuid?.() === 0)('under root needs a user namespace, and says so', async () => {
    await expect(COMPONENTS.catalog.provide(() => undefined)).rejects.toMatchObject({
      code: 'COMPONENT_MISSING',
      message: expect.stringMatching(/refuses root.*unshare.*ASOF_CATALOG_URL/) as string,
    });
  });
});

describe('examineComponents', () => {
  it('finds what is missing, with the mend', async () => {
    const findings = await examineComponents(settingsFor(machine));
    expect(findings.filter(({ name }) => name !== 'catalog')).toEqual([
      expect.objectContaining({ name: 'redis', state: 'missing' }),
      expect.objectContaining({ name: 'temporal', state: 'missing' }),
    ]);
    expect(findings.every(({ state, mend }) => (state === 'ok') === (mend === ''))).toBe(true);
  });

  it('calls a configured server that does not answer broken, and keeps its password to itself', async () => {
    const [catalog, redis] = await examineComponents(
      settingsFor(machine, {
        catalogUrl: 'postgres://user:secret@127.0.0.1:1/asof',
        redisUrl: 'redis://:secret@127.0.0.1:1',
      }),
    );
    expect(catalog).toMatchObject({
      state: 'broken',
      detail: expect.stringContaining('user:***@127.0.0.1:1') as string,
    });
    expect(redis).toMatchObject({ state: 'broken', mend: expect.stringContaining('REDIS_URL') as string });
    expect(JSON.stringify([catalog, redis])).not.toContain('secret');
  });
});
