import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Catalog, LedgerKey, NewDataset, RunRecord } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import { createCatalogDatabase } from '../../support/catalog.ts';
import type { TestDatabase } from '../../support/catalog.ts';
import { ledgerAppend, newCommit, SOURCE } from '../../support/commits.ts';

let database: TestDatabase;
let catalog: Catalog;

beforeAll(async () => {
  database = await createCatalogDatabase();
  catalog = await openCatalog({ url: database.url });
});

afterAll(async () => {
  await catalog.close();
  await database.drop();
});

const key: LedgerKey = { project: 'demo', view: 'latest', fingerprint: 'f1', store: 'online' };

describe('the interval ledger', () => {
  test('returns entries by position, of one store of one version', async () => {
    const entries = [
      ledgerAppend('done', 0n, 10n, { ...key, inputSnapshot: 3, rowsIn: 5, rowsOut: 4 }),
      ledgerAppend('removed', 5n, 6n, { ...key }),
    ];
    await catalog.intervals.append(entries);
    await catalog.intervals.append([ledgerAppend('done', 0n, 10n, { ...key, store: 'offline' })]);
    const stored = await catalog.intervals.entries(key);
    expect(stored).toMatchObject(entries);
    expect(stored[0]!.position).toBeLessThan(stored[1]!.position);
    expect(await catalog.intervals.keys('demo')).toEqual([{ ...key, store: 'offline' }, key]);
  });

  test('an entry with the same key is one entry, also when two calls race', async () => {
    const other = { ...key, view: 'raced' };
    const idempotencyKey = randomUUID();
    const [first, second] = [0n, 10n].map((from) =>
      ledgerAppend('done', from, from + 10n, { ...other, idempotencyKey }),
    );
    await Promise.all([1, 2, 3].map(() => catalog.intervals.append([first!, second!])));
    expect(await catalog.intervals.entries(other)).toHaveLength(2);
  });
});

describe('online positions', () => {
  test('move forward only, within one epoch', async () => {
    const view = { ...key, view: 'positions' };
    const position = { snapshot: 2, to: 100n, epoch: 'a', keys: 7 };
    expect(await catalog.intervals.onlinePosition(view)).toBeUndefined();
    await catalog.intervals.setOnlinePosition(view, position);
    await catalog.intervals.setOnlinePosition(view, { ...position, to: 99n });
    await catalog.intervals.setOnlinePosition(view, { ...position, snapshot: 1, to: 200n });
    expect(await catalog.intervals.onlinePosition(view)).toEqual(position);
    await catalog.intervals.setOnlinePosition(view, { ...position, to: 101n });
    expect(await catalog.intervals.onlinePosition(view)).toEqual({ ...position, to: 101n });
  });

  test('another epoch starts anew', async () => {
    const view = { ...key, view: 'epochs' };
    await catalog.intervals.setOnlinePosition(view, { snapshot: 2, to: 100n, epoch: 'a', keys: 7 });
    const rebuilt = { snapshot: 1, to: 50n, epoch: 'b', keys: 3 };
    await catalog.intervals.setOnlinePosition(view, rebuilt);
    expect(await catalog.intervals.onlinePosition(view)).toEqual(rebuilt);
  });
});

describe('what streams have brought', () => {
  test('is as far as the partition that is least far, and stands beside the position', async () => {
    const { intervals } = catalog;
    const view = { ...key, view: 'streamed' };
    await intervals.setStreamedTo(view, new Map([[0, 5n]]));
    expect(await intervals.streamedTo(view)).toBeUndefined();
    const position = { snapshot: 2, to: 100n, epoch: 'a', keys: 7 };
    await intervals.setOnlinePosition(view, position);
    expect(await intervals.streamedTo(view)).toBeUndefined();
    const late = 2n ** 60n;
    await intervals.setStreamedTo(
      view,
      new Map([
        [0, late + 1n],
        [10, late + 3n],
      ]),
    );
    await Promise.all([1, 2, 3, 4].map((one) => intervals.setStreamedTo(view, new Map([[one, late + 2n]]))));
    expect(await intervals.streamedTo(view)).toBe(late + 1n);
    await intervals.setStreamedTo(view, new Map([[0, late + 9n]]));
    expect(await intervals.streamedTo(view)).toBe(late + 2n);
    await intervals.setOnlinePosition(view, { ...position, to: 101n });
    expect(await intervals.streamedTo(view)).toBe(late + 2n);
    expect(await intervals.streamedTo({ ...view, fingerprint: 'another' })).toBeUndefined();
    await intervals.withdrawOnline(view, 'run');
    expect(await intervals.streamedTo(view)).toBeUndefined();
  });
});

describe('datasets', () => {
  function manifest(name: string): NewDataset {
    const file = { uri: `datasets/${name}/b1/spine.parquet`, rows: 1, bytes: 1, checksum: 'c' };
    return {
      project: 'demo',
      name,
      runId: 'run-1',
      definitions: 'd',
      bundleHash: 'b',
      views: { latest: 'f1' },
      snapshots: { flights: 3 },
      request: { features: ['latest:delay'], service: null, asKnown: false, shortNames: false },
      spine: file,
      shards: 1,
      columns: [{ name: 'delay', type: 'int64' }],
      rows: 1,
      leakage: { latest__delay: 'unknown' },
      files: [{ ...file, uri: `datasets/${name}/b1/part-0.parquet` }],
    };
  }
  const publish = (name: string, idempotencyKey: string = randomUUID()) =>
    catalog.datasets.publish({ idempotencyKey, manifest: manifest(name), lineage: [] });

  test('are numbered by name', async () => {
    expect((await publish('a')).version).toBe(1);
    expect((await publish('a')).version).toBe(2);
    expect((await publish('b')).version).toBe(1);
    expect(await catalog.datasets.get('demo', 'a')).toMatchObject({ ...manifest('a'), version: 2 });
    expect((await catalog.datasets.get('demo', 'a', 1))?.version).toBe(1);
    expect(await catalog.datasets.get('demo', 'a', 3)).toBeUndefined();
    expect((await catalog.datasets.list('demo')).map(({ name, version }) => `${name}@${version}`)).toEqual([
      'a@1',
      'a@2',
      'b@1',
    ]);
  });

  test('builds that end together get versions without gaps', async () => {
    const built = await Promise.all(Array.from({ length: 8 }, () => publish('raced')));
    expect(built.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('the same key gets its version again', async () => {
    const results = await Promise.all([1, 2, 3].map(() => publish('repeated', 'key-1')));
    expect(results.map(({ version }) => version)).toEqual([1, 1, 1]);
    await expect(publish('elsewhere', 'key-1')).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  });

  test('their files are known paths', async () => {
    await publish('known');
    const known = await catalog.tables.knownPaths('demo');
    expect(known).toContain('datasets/known/b1/part-0.parquet');
    expect(known).toContain('datasets/known/b1/spine.parquet');
  });
});

describe('runs', () => {
  const running: RunRecord = {
    id: 'r1',
    project: 'demo',
    workflow: 'ingest',
    workflowId: 'ingest/demo/flights',
    target: 'flights',
    state: 'running',
    startedAt: 1n,
    endedAt: null,
    result: null,
    error: null,
  };

  test('an ended run is not reopened, and began when it was first recorded', async () => {
    const failed: RunRecord = { ...running, state: 'failed', endedAt: 5n, error: { code: 'X', message: 'a\u0000b' } };
    await catalog.runs.put(running);
    await catalog.runs.put({ ...failed, startedAt: 3n });
    await catalog.runs.put(running);
    expect(await catalog.runs.get('r1')).toEqual(failed);
    expect(await catalog.runs.get('r2')).toBeUndefined();
  });

  test('are listed newest first', async () => {
    for (const startedAt of [10n, 30n, 20n]) {
      await catalog.runs.put({ ...running, id: `at-${startedAt}`, project: 'listed', startedAt, result: { rows: 1 } });
    }
    expect((await catalog.runs.list('listed', 2)).map(({ id }) => id)).toEqual(['at-30', 'at-20']);
  });

  test('are paged through once each, also those that began at the same instant, and filtered', async () => {
    const project = 'paged';
    for (let number = 0; number < 10; number++) {
      const workflow = number % 2 === 0 ? 'ingest' : 'backfill';
      const state = number < 4 ? 'failed' : 'completed';
      const startedAt = BigInt(Math.floor(number / 3));
      await catalog.runs.put({ ...running, id: `p${number}`, project, workflow, state, startedAt, endedAt: 9n });
    }
    const newestFirst = ['p9', 'p6', 'p7', 'p8', 'p3', 'p4', 'p5', 'p0', 'p1', 'p2'];
    for (const limit of [1, 3, 4, 10]) {
      const seen: RunRecord[] = [];
      for (;;) {
        const after = seen.at(-1);
        const page = await catalog.runs.page(project, { limit, ...(after && { after }) });
        if (page.length === 0) break;
        expect(page.length).toBeLessThanOrEqual(limit);
        seen.push(...page);
      }
      expect(seen.map(({ id }) => id)).toEqual(newestFirst);
    }
    const filtered = await catalog.runs.page(project, { workflow: 'backfill', state: 'failed', limit: 10 });
    expect(filtered.map(({ id }) => id)).toEqual(['p3', 'p1']);
    expect(await catalog.runs.page(project, { target: 'nothing', limit: 10 })).toEqual([]);
    expect(await catalog.runs.count(project)).toEqual([
      { workflow: 'backfill', state: 'completed', runs: 3 },
      { workflow: 'backfill', state: 'failed', runs: 2 },
      { workflow: 'ingest', state: 'completed', runs: 3 },
      { workflow: 'ingest', state: 'failed', runs: 2 },
    ]);
    expect(await catalog.runs.count('nobody')).toEqual([]);
  });
});

test('lineage events are written with their commit, each once', async () => {
  const event = { runId: 'run-9', type: 'COMPLETE', job: 'ingest', inputs: ['a'], outputs: ['b'] } as const;
  await catalog.tables.commit(newCommit({ table: SOURCE, lineage: [event] }));
  await catalog.tables.commit(newCommit({ table: SOURCE, lineage: [event] }));
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query('select project, type, job, inputs, outputs from asof.lineage_outbox');
  await client.end();
  expect(rows).toEqual([{ project: 'demo', type: 'COMPLETE', job: 'ingest', inputs: ['a'], outputs: ['b'] }]);
});
