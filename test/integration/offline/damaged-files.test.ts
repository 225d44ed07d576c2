/** One changed byte anywhere in the lake: every way of reading gives the right rows, or says which file is damaged. */
import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatasetManifest, KeptSplit } from '../../../catalog/catalog.ts';
import type { CommittedFile, TimeRange } from '../../../contracts/lake.ts';
import { isTileFile } from '../../../contracts/lake.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { count, entity, featureView, fileSource, numeric, standardize, sum } from '../../../definitions/language.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { compactSource } from '../../../ingestion/compact-source.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { exportDataset } from '../../../offline/dataset-export.ts';
import { repeatRetrieval } from '../../../offline/dataset-rebuild.ts';
import { writeSplit } from '../../../offline/dataset-split.ts';
import { fitView } from '../../../offline/fit-view.ts';
import type { RetrievalDependencies } from '../../../offline/retrieval.ts';
import { planRetrieval, summarizeRetrieval, type RetrievalPlan } from '../../../offline/staged-retrieval.ts';
import { sourceTable, viewTable } from '../../../offline/view-coverage.ts';
import { openSnapshot } from '../../../online/source-snapshot.ts';
import { backfillView, featureViewOf, writeInterval } from './backfilled-view.ts';
import { publishBuilt, takeSteps } from './built-dataset.ts';
import {
  ingestQuery,
  openFixture,
  retrieveLines,
  storedSource,
  writeText,
  type OfflineFixture,
} from './offline-fixture.ts';

const SEED = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const FLIPS = 20;

const user = entity('user', { keys: { user: 'int64' } });
const visits = fileSource('visits', {
  path: 'visits.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user: 'int64', size: 'int64', price: 'float64' },
});
const latest = featureView('latest', { entities: [user], source: visits, features: { size: numeric() } });
const sums = featureView('sums', {
  entities: [user],
  source: visits,
  features: { n: count({ window: '3d', resolution: '1d' }), size: sum('size', { window: '3d', resolution: '1d' }) },
});
const scaled = featureView('scaled', {
  entities: [user],
  source: visits,
  offline: false,
  features: { price: numeric({ transform: standardize() }) },
});

let fixture: OfflineFixture;
let dependencies: RetrievalDependencies;
let spine: string;
let retrieval: RetrievalPlan;
let dataset: DatasetManifest;
let split: KeptSplit;

beforeAll(async () => {
  fixture = await openFixture({ user, visits, latest, sums, scaled });
  const { engine, lake, catalog, directory } = fixture;
  dependencies = { engine, lake, tables: catalog.tables, workDirectory: join(directory, 'work') };
  for (const day of [1, 2, 3, 4]) {
    await ingestQuery(
      fixture,
      'visits',
      `SELECT TIMESTAMP '2024-01-0${day}' + to_minutes(i * 2) AS ts, i % 9 AS user, i * ${day} AS size, i / 7.0 AS price
       FROM range(700) t(i)`,
      day * 1000,
    );
  }
  for (const name of ['latest', 'sums']) await backfillView(fixture, name, days('01', '03'));
  const lines = Array.from(
    { length: 200 },
    (_, index) => `${index % 11},2024-01-0${1 + (index % 6)}T0${index % 10}:07Z`,
  );
  spine = writeText(fixture, 'spine.csv', ['user,event_timestamp', ...lines].join('\n'));
  retrieval = await plan('datasets/d/1');
  await build(retrieval);
  dataset = await publishBuilt(fixture, dependencies, 'd', { retrieval, ...request });
  const rule = { by: 'time', at: ['2024-01-03T00:00:00Z'] } as const;
  split = await catalog.datasets.addSplit(
    dataset,
    await writeSplit({ engine, lake }, { dataset, retrieval, rule, names: ['train', 'test'] }),
  );
}, 120_000);
afterAll(() => fixture.close());

function days(from: string, to: string): TimeRange {
  return { from: requireInstant(`2024-01-${from}`, 'from'), to: requireInstant(`2024-01-${to}`, 'to') };
}

function plan(directory: string, request = ['latest', 'sums']): Promise<RetrievalPlan> {
  const { project, manifest } = fixture;
  return planRetrieval(dependencies, {
    ...{ project, plan: resolveFeatures(manifest, { features: request }), asKnown: false, shortNames: false },
    ...{ spine: { kind: 'spine', path: spine }, directory, shards: 2 },
  });
}

const build = (of: RetrievalPlan): Promise<void> => takeSteps(dependencies, fixture.runtime, of);

const request = { features: ['latest', 'sums'] };
const ask = (viewTables: boolean, tiles: boolean): Promise<unknown> =>
  retrieveLines(fixture, { spine, request, output: `${randomUUID()}.csv`, viewTables, options: { tiles } });

async function exported(part?: number): Promise<unknown> {
  const { lake, engine, directory } = fixture;
  const output = join(directory, `${randomUUID()}.csv`);
  const chosen = part === undefined ? undefined : { file: split.file, index: part, rows: split.parts[part]!.rows };
  await exportDataset({ lake, engine, workDirectory: join(directory, 'work') }, dataset, output, chosen);
  return readFileSync(output, 'utf8');
}

async function rebuilt(): Promise<unknown> {
  const again = await repeatRetrieval(fixture.lake, retrieval, `datasets/d/${randomUUID()}`);
  await build(again);
  return (await summarizeRetrieval(dependencies, again)).files.map(({ checksum, rows }) => ({ checksum, rows }));
}

async function fitted(): Promise<unknown> {
  const source = storedSource(fixture, 'visits');
  const { engine, lake, catalog, project } = fixture;
  const until = requireInstant('2024-01-05', 'until');
  return fitView(
    { engine, lake, tables: catalog.tables, intervals: catalog.intervals },
    { project, view: featureViewOf(fixture, 'scaled'), source, base: source, from: null, until },
  );
}

/** The rows that a materialization writes. */
async function materialized(): Promise<unknown> {
  const { catalog, lake, project, engine } = fixture;
  const source = storedSource(fixture, 'visits');
  const to = requireInstant('2024-01-05', 'to');
  const snapshot = await openSnapshot(
    { catalog, lake },
    project,
    { view: featureViewOf(fixture, 'latest'), source },
    to,
  );
  return engine.session(async (session) => {
    const since = { snapshot: 2, to: requireInstant('2024-01-02T12:00Z', 'since') };
    const hash = (rows: string) =>
      session.rows(`SELECT count(*) AS n, sum(hash(r)::HUGEINT)::VARCHAR AS h FROM (${rows}) r`);
    return [await hash(await snapshot.rows(session)), await hash(await snapshot.rowsSince(session, since))];
  });
}

async function spineOfQuery(): Promise<unknown> {
  const sql = 'SELECT user, ts AS event_timestamp FROM visits WHERE user = 3 ORDER BY ts, size';
  return retrieveLines(fixture, {
    spine: { kind: 'query', sql, sources: [storedSource(fixture, 'visits')] },
    request,
    output: `${randomUUID()}.csv`,
  });
}

async function backfilled(): Promise<unknown> {
  const { add } = await writeInterval(fixture, 'latest', days('02', '04'));
  const sizes = add.map(({ rows, minSequence, maxSequence }) => ({ rows, minSequence, maxSequence }));
  for (const { path } of add) await fixture.lake.remove(path);
  return sizes;
}

/** A compaction that never commits: what it would have committed. */
async function compacted(): Promise<unknown> {
  const { catalog, lake, engine, project } = fixture;
  const source = storedSource(fixture, 'visits');
  const seen: unknown[] = [];
  const tables = {
    ...catalog.tables,
    commit: async (commit: Parameters<typeof catalog.tables.commit>[0]) => {
      seen.push(commit.add.map(({ rows, minSequence, maxSequence }) => ({ rows, minSequence, maxSequence })));
      for (const { path } of commit.add) await lake.remove(path);
      throw new Error('enough');
    },
  };
  await compactSource({ catalog: { ...catalog, tables }, lake, engine }, { project, source, runId: 'r' }).catch(
    (error: unknown) => {
      if ((error as Error).message !== 'enough') throw error;
    },
  );
  return seen;
}

/** Each with the kinds of files that it cannot do without. */
const READERS: Readonly<Record<string, { readonly read: () => Promise<unknown>; readonly needs: readonly Kind[] }>> = {
  'a retrieval from the source': { read: () => ask(false, false), needs: ['source'] },
  'a retrieval from view tables': { read: () => ask(true, false), needs: ['rows'] },
  'a retrieval from tiles': { read: () => ask(true, true), needs: ['tiles'] },
  'a backfill': { read: backfilled, needs: [] },
  'a compaction': { read: compacted, needs: ['source'] },
  'a materialization': { read: materialized, needs: [] },
  'a fit': { read: fitted, needs: ['source'] },
  'a spine of a query': { read: spineOfQuery, needs: ['source'] },
  'an export': { read: () => exported(), needs: ['part'] },
  'an export of a part': { read: () => exported(1), needs: ['part', 'split'] },
  'a rebuild': { read: rebuilt, needs: ['source', 'spine'] },
};

type Kind = 'source' | 'rows' | 'tiles' | 'spine' | 'part' | 'split';

async function files(): Promise<readonly { readonly kind: Kind; readonly path: string }[]> {
  const { catalog, project } = fixture;
  const table = async (key: Parameters<typeof catalog.tables.files>[0]): Promise<readonly CommittedFile[]> =>
    (await catalog.tables.files(key)).files;
  const source = await table(sourceTable(project, storedSource(fixture, 'visits')));
  const rows = [
    ...(await table(viewTable(project, featureViewOf(fixture, 'latest')))),
    ...(await table(viewTable(project, featureViewOf(fixture, 'sums')))),
  ];
  return [
    ...source.map(({ path }) => ({ kind: 'source' as const, path })),
    ...rows.map((file) => ({ kind: isTileFile(file) ? ('tiles' as const) : ('rows' as const), path: file.path })),
    { kind: 'spine', path: dataset.spine.uri },
    ...dataset.files.map(({ uri }) => ({ kind: 'part' as const, path: uri })),
    { kind: 'split', path: split.file.uri },
  ];
}

function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const DAMAGE = {
  'one byte changed': (bytes: Buffer, random: (below: number) => number) => {
    bytes[random(bytes.length)]! ^= 1 + random(255);
    return bytes;
  },
  'the end cut off': (bytes: Buffer, random: (below: number) => number) => bytes.subarray(0, random(bytes.length)),
  removed: () => undefined,
} as const;

describe.each(Object.entries(DAMAGE))(`a file with %s, seed ${SEED}`, (name, damage) => {
  test('9: is noticed by whoever reads it, and changes no answer', { timeout: 600_000 }, async () => {
    const random = numbers(SEED);
    const healthy = new Map<string, unknown>();
    for (const [reader, { read }] of Object.entries(READERS)) healthy.set(reader, await read());
    const all = await files();
    expect(new Set(all.map(({ kind }) => kind)).size).toBe(6);
    const refused = new Map<string, number>();
    const flips = name === 'one byte changed' ? FLIPS : all.length;
    for (let flip = 0; flip < flips; flip += 1) {
      // each file once, then any
      const { kind, path } = all[flip < all.length ? flip : random(all.length)]!;
      const local = await fixture.lake.localPath(path);
      const bytes = readFileSync(local);
      const damaged = damage(Buffer.from(bytes), random);
      if (damaged === undefined) rmSync(local);
      else writeFileSync(local, damaged);
      for (const [reader, { read, needs }] of Object.entries(READERS)) {
        const outcome = await read().then(
          (rows) => ({ rows }),
          (error: unknown) => ({ error }),
        );
        const where = `${reader}, ${kind} ${path}, flip ${flip}`;
        if ('rows' in outcome) {
          expect(outcome.rows, where).toEqual(healthy.get(reader));
          expect(needs, where).not.toContain(kind);
        } else {
          expect(outcome.error, where).toMatchObject({ code: 'LAKE_FILE_CORRUPT', details: { path } });
          refused.set(reader, (refused.get(reader) ?? 0) + 1);
        }
      }
      writeFileSync(local, bytes);
    }
    expect([...refused.keys()].toSorted()).toEqual(Object.keys(READERS).toSorted());
    // put back, everything is as it was
    for (const [reader, { read }] of Object.entries(READERS)) expect(await read(), reader).toEqual(healthy.get(reader));
  });
});

test('a damaged file of a view is mended by a backfill of its days, and fsck names what shows it', async () => {
  const { catalog, lake, engine, project } = fixture;
  const { files: before } = await catalog.tables.files(viewTable(project, featureViewOf(fixture, 'latest')));
  const damaged = before[0]!;
  const local = await lake.localPath(damaged.path);
  const bytes = readFileSync(local);
  bytes[100]! ^= 4;
  writeFileSync(local, bytes);
  await expect(ask(true, false)).rejects.toThrow(/asof backfill latest --from T --to T --restate/);
  const report = await checkLake({ catalog, lake, engine, project });
  expect(report.problems).toContainEqual({ path: damaged.path, problem: 'its bytes do not match its checksum' });
  const table = `view/latest@${featureViewOf(fixture, 'latest').fingerprint}`;
  expect(report.unreadable).toEqual([{ name: table, snapshots: [1] }]);
  const part = await lake.localPath(dataset.files[0]!.uri);
  const rows = readFileSync(part);
  writeFileSync(part, rows.subarray(1));
  await backfillView(fixture, 'latest', days('01', '03'));
  expect((await checkLake({ catalog, lake, engine, project })).unreadable).toEqual([
    { name: table, snapshots: [1] },
    { name: 'dataset/d@1', snapshots: [] },
  ]);
  writeFileSync(part, rows);
  expect(await ask(true, false)).toEqual(await ask(false, false));
});
