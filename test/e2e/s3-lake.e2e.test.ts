/** The flights example with its lake on S3: the whole way on one machine, then a dataset by workers on several. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type {
  BackfillResult,
  BuildTrainingDatasetResult,
  IngestResult,
  MaterializeResult,
} from '../../contracts/runs.ts';
import { openStore } from '../../library/open-store.ts';
import { identifyProcess } from '../../stack/process-identity.ts';
import { startCommand, type RunningCommand } from './support/command.ts';
import { pollFor } from './support/polling.ts';
import { createFlightsProject, type Project } from './support/project.ts';
import { runByTemporalCommand, withTemporalClient } from './support/runs.ts';

const WORKERS = 4;
const CONFIG = `import { defineConfig } from 'asof';

export default defineConfig({ project: 'flights', definitions: 'features.ts', lake: 's3://warehouse/features' });
`;

let project: Project;
beforeAll(async () => {
  project = createFlightsProject(inject('flightsData'));
  project.write('asof.config.ts', CONFIG);
  await project.run('dev', '--detach', '--with', 's3');
  await project.run('apply', '--yes');
}, 900_000);
afterAll(() => project.close(), 120_000);

interface OnlineDocument {
  readonly results: readonly { readonly served_from: readonly string[]; readonly values: readonly unknown[] }[];
}

describe('a lake on S3', () => {
  it('takes what is ingested, backfilled, materialized and read', { timeout: 900_000 }, async () => {
    const { s3 } = project.stack();
    expect(s3).toMatchObject({ bucket: 'warehouse' });
    expect(project.pidOf('s3')).toBeGreaterThan(0);
    expect(await project.run<IngestResult>('ingest', 'flights')).toMatchObject({ snapshot: 1, rowsIn: 100_000 });
    await project.run('ingest', 'airports');
    const range = ['--from', '2001-01-01', '--to', '2001-01-08', '--chunk', '7d'];
    const backfill = await project.run<BackfillResult>('backfill', 'latest_flight', ...range);
    expect(backfill).toMatchObject({ intervals: 2, done: 2, failed: [] });
    const to = '2001-01-08T00:00:00Z';
    const { views } = await project.run<MaterializeResult>('materialize', 'latest_flight', '--to', to);
    expect(views[0]!.written).toBeGreaterThan(1000);

    const ask = async (at: string): Promise<OnlineDocument> => {
      const route = ['--entity', 'origin=ATL', '--entity', 'destination=ORD'];
      return project.run('get', '--features', 'latest_flight', ...route, '--at', at);
    };
    expect((await ask(to)).results.at(-1)!.served_from).toEqual(['online']);
    expect((await ask('2001-01-04T00:00:00Z')).results.at(-1)!.served_from).toEqual(['lake']);

    const store = await openStore(project.directory);
    try {
      const rows = await store.getHistoricalFeatures({
        spine: [{ origin: 'ATL', destination: 'ORD', event_timestamp: '2001-01-04T00:00:00Z' }],
        features: ['latest_flight'],
      });
      expect(rows).toBeDefined();
    } finally {
      await store.close();
    }
  });

  it('is whole, and gc takes nothing that is in use', { timeout: 600_000 }, async () => {
    await project.run('gc', '--grace', '0');
    expect(await project.run('fsck', '--deep')).toMatchObject({ ok: true, problems: [], orphans: [] });
    expect(existsSync(project.file('.asof/lake'))).toBe(false);
    expect(await project.run('doctor')).toMatchObject({ ok: true });
  });

  it('lets no key into logs and settings', async () => {
    const secret = /secret_access_key = (\S+)/.exec(readFileSync(project.file('.asof/s3/credentials'), 'utf8'))![1]!;
    expect(JSON.stringify(await project.run('config'))).not.toContain(secret);
    for (const name of readdirSync(project.file('.asof/logs'))) {
      expect(readFileSync(project.file(`.asof/logs/${name}`), 'utf8'), name).not.toContain(secret);
    }
  });
});

describe('four compute workers', () => {
  it('that share nothing but the lake build the dataset that one process builds', { timeout: 1_200_000 }, async () => {
    const own = project.pidOf('worker-compute');
    process.kill(own, 'SIGTERM');
    await pollFor(() => identifyProcess(own) === undefined, true);
    const workers = Array.from({ length: WORKERS }, (_, index) => startWorkerElsewhere(index));
    try {
      const features = ['latest_flight', 'airport_delays'];
      const spine = project.file('data/spine.parquet');
      // not by the command, which would start the stack's own worker again
      const built = await runByTemporalCommand<BuildTrainingDatasetResult>(project.stack(), 'buildTrainingDataset', {
        ...{ project: 'flights', name: 'far', spine, features, asKnown: true, shards: 12 },
      });
      expect(built).toMatchObject({ name: 'far', version: 1, rows: 3000 });
      const identities = await withTemporalClient(project.stack(), (client) => whoComputed(client, 'computeUnits'));
      expect([...identities.keys()].sort()).toEqual(
        workers.map(({ pid }) => expect.stringMatching(`/${pid}$`) as string).sort(),
      );
      for (const { directory } of workers) expect(cachedFiles(directory), directory).toBeGreaterThan(0);

      await project.run('dataset', 'export', 'far@1', '--out', 'far.csv');
      const asked = ['--spine', spine, '--features', features.join(','), '--as-known'];
      await project.run('historical', ...asked, '--out', 'near.csv');
      expect(readFileSync(project.file('far.csv'), 'utf8')).toBe(readFileSync(project.file('near.csv'), 'utf8'));
    } finally {
      for (const { pid } of workers) process.kill(pid, 'SIGTERM');
      const outcomes = await Promise.all(workers.map(({ outcome }) => outcome));
      expect(outcomes.map(({ code }) => code)).toEqual(workers.map(() => 0));
    }
  });
});

/** As on a machine of its own: a directory with the configuration alone, and every address from the environment. */
function startWorkerElsewhere(index: number): RunningCommand & { readonly directory: string } {
  const directory = path.join(project.directory, '..', `machine-${index}`);
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'asof.config.ts'), CONFIG);
  const { temporal, catalog, redis, s3 } = project.stack();
  const started = startCommand(['worker', '--kind', 'compute'], directory, {
    TEMPORAL_ADDRESS: temporal.address,
    ASOF_CATALOG_URL: catalog.url,
    REDIS_URL: redis.url,
    S3_ENDPOINT: s3!.endpoint,
    AWS_SHARED_CREDENTIALS_FILE: project.file('.asof/s3/credentials'),
    ASOF_MEMORY_LIMIT: '600MB',
    ASOF_THREADS: '1',
  });
  return { ...started, directory };
}

/** How many activities of a type each worker completed in the newest dataset build, by the history. */
async function whoComputed(client: Client, type: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType = "buildTrainingDataset"' })) {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const typeOf = new Map(
      events?.map((event) => [
        event.eventId?.toString(),
        event.activityTaskScheduledEventAttributes?.activityType?.name,
      ]),
    );
    const startedBy = new Map(
      events?.map((event) => [event.eventId?.toString(), event.activityTaskStartedEventAttributes?.identity]),
    );
    for (const { activityTaskCompletedEventAttributes: completed } of events ?? []) {
      if (!completed || typeOf.get(completed.scheduledEventId?.toString()) !== type) continue;
      const identity = startedBy.get(completed.startedEventId?.toString()) ?? '';
      counts.set(identity, (counts.get(identity) ?? 0) + 1);
    }
  }
  return counts;
}

function cachedFiles(directory: string): number {
  return readdirSync(path.join(directory, '.asof', 'cache'), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.parentPath.includes('/objects/'),
  ).length;
}
