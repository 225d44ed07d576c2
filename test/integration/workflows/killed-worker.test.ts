import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readProgress, startRun, waitForRun } from '../../../workers/starter.ts';
import { openPlatform, type Platform } from './platform.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../../bin/asof');
const DAYS = 60;

let platform: Platform;
let compute: ChildProcess | undefined;
beforeAll(async () => {
  platform = await openPlatform(['orchestration', 'serving']);
  const config = `import { defineConfig } from 'asof';
export default defineConfig({ project: '${platform.project}', definitions: 'features.ts' });`;
  writeFileSync(path.join(platform.directory, 'asof.config.ts'), config);
});
afterAll(async () => {
  compute?.kill('SIGKILL');
  await platform.close();
});

/** A compute worker as a process of its own, once it polls. */
async function spawnCompute(name: string): Promise<ChildProcess> {
  const { directory, settings } = platform;
  const readyFile = path.join(directory, `${name}.ready`);
  const child = spawn(process.execPath, [PROGRAM, '-C', directory, 'worker', '--kind', 'compute'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      ASOF_READY_FILE: readyFile,
      ASOF_CATALOG_URL: settings.catalogUrl ?? '',
      REDIS_URL: settings.redisUrl ?? '',
      TEMPORAL_ADDRESS: settings.temporal.address ?? '',
      TEMPORAL_NAMESPACE: settings.temporal.namespace,
      ASOF_MEMORY_LIMIT: '1GB',
    },
  });
  await expect.poll(() => existsSync(readyFile), { timeout: 30_000 }).toBe(true);
  return child;
}

it(
  'a backfill whose worker is killed goes on with another, and every interval counts once',
  { timeout: 120_000 },
  async () => {
    const { client, project, catalog, manifest } = platform;
    const day = (index: number): string => new Date(Date.UTC(2001, 0, 1 + index)).toISOString();
    platform.writeInput(
      'flights.csv',
      Array.from({ length: DAYS * 4 }, (_, row) => `${day(Math.floor(row / 4))},${row % 2 ? 'ORD' : 'JFK'},${row}`),
    );
    compute = await spawnCompute('first');
    await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
    const input = { project, view: 'latest', from: day(0), to: day(DAYS) };
    const fingerprint = manifest.views.find(({ name }) => name === 'latest')!.fingerprint;
    const run = await startRun(client, 'backfill', input, { fingerprint });
    await expect
      .poll(async () => (await readProgress(run))?.done ?? 0, { interval: 20, timeout: 20_000 })
      .toBeGreaterThan(5);
    compute.kill('SIGKILL');
    const before = await readProgress(run);
    expect(before?.done).toBeLessThan(DAYS);

    compute = await spawnCompute('second');
    expect(await waitForRun(run)).toMatchObject({ intervals: DAYS, done: DAYS, reused: 0, failed: [], rows: DAYS * 4 });
    const { files } = await catalog.tables.files({ project, kind: 'view', name: 'latest', version: fingerprint });
    expect(files.reduce((rows, file) => rows + file.rows, 0)).toBe(DAYS * 4);
    const entries = await catalog.intervals.entries({ project, view: 'latest', fingerprint, store: 'offline' });
    const done = entries.filter(({ operation }) => operation === 'done');
    expect(new Set(done.map(({ range }) => range.from)).size).toBe(DAYS);
    expect(done).toHaveLength(DAYS);
  },
);
