import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { count, derivedView, entity, featureView, fileSource, mean, numeric } from '../../../definitions/language.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import type { EngineRow } from '../../../engine/engine.ts';
import type { RetrievalDependencies } from '../../../offline/retrieval.ts';
import {
  assemblePlannedRange,
  computePlannedUnit,
  planRetrieval,
  summarizeRetrieval,
  type RetrievalPlan,
} from '../../../offline/staged-retrieval.ts';
import { ingest, openFixture, readParquet, retrieve, writeText, type OfflineFixture } from './offline-fixture.ts';

const user = entity('user', { keys: { user: 'int64' } });
const item = entity('item', { keys: { item: 'string' } });
const buys = fileSource('buys', {
  path: 'buys.parquet',
  timestamp: 'ts',
  created: 'loaded',
  schema: { ts: 'timestamp', loaded: 'timestamp', user: 'int64', item: 'string', price: 'float64' },
});
const last = featureView('last', {
  entities: [user],
  source: buys,
  ttl: '3h',
  features: { price: numeric({ default: 5 }) },
});
const sales = featureView('sales', {
  entities: [item],
  source: buys,
  features: { n: count({ window: '6h', resolution: 'exact' }), price: mean('price', { window: 'all' }) },
});
const both = derivedView('both', {
  inputs: [last, sales],
  features: { ratio: numeric() },
  compute: ({ last: mine, sales: all }) => ({ ratio: (mine.price ?? 0) / (all.price ?? 1) }),
});
const request = { features: ['both', 'last', 'sales'] };

/** Float sums agree within 1e-9 of their size, whatever the order of additions. */
function rounded(rows: readonly EngineRow[]): readonly EngineRow[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'number' ? Number(value.toPrecision(9)) : value,
      ]),
    ),
  );
}

let fixture: OfflineFixture;
let dependencies: RetrievalDependencies;
let spine: string;

beforeAll(async () => {
  fixture = await openFixture({ user, item, buys, last, sales, both });
  const rows = Array.from({ length: 400 }, (_, index) => {
    const minutes = (index * 7) % 720;
    const ts = `TIMESTAMP '2024-01-01' + INTERVAL ${minutes} MINUTE`;
    return `${ts}, ${ts} + INTERVAL ${index % 90} MINUTE, ${index % 11}, 'i${index % 5}', ${index / 7}`;
  });
  await ingest(fixture, 'buys', rows, 1);
  const lines = Array.from({ length: 300 }, (_, index) => {
    const hour = String(index % 13).padStart(2, '0');
    return `${index % 12 === 11 ? '' : index % 12},i${index % 6},2024-01-01T${hour}:30:00Z`;
  });
  spine = writeText(fixture, 'spine.csv', ['user,item,event_timestamp', ...lines].join('\n'));
  const { engine, lake, catalog, directory } = fixture;
  dependencies = { engine, lake, tables: catalog.tables, workDirectory: join(directory, 'work') };
});
afterAll(() => fixture.close());

async function build(directory: string, shards: number) {
  const { project, manifest, runtime } = fixture;
  const planned = await planRetrieval(dependencies, {
    project,
    plan: resolveFeatures(manifest, request),
    spine: { kind: 'spine', path: spine },
    asKnown: false,
    shortNames: false,
    shards,
    directory,
  });
  // what a step gets is what JSON carries
  const retrieval = JSON.parse(JSON.stringify(planned)) as RetrievalPlan;
  for (let unit = retrieval.units - 1; unit >= 0; unit--) await computePlannedUnit(dependencies, retrieval, unit);
  for (let range = 0; range < retrieval.ranges; range++) {
    await assemblePlannedRange({ ...dependencies, runtime }, retrieval, range);
  }
  const summary = await summarizeRetrieval(dependencies, retrieval);
  const [file] = summary.files;
  return { retrieval, summary, path: await fixture.lake.localPath(file!.uri) };
}

test('any number of shards gives the values of the join in one process', async () => {
  const whole = await retrieve(fixture, { spine, request, output: 'whole.parquet' });
  const expected = rounded(await readParquet(fixture, whole.path));
  expect(expected).toHaveLength(300);
  expect(expected.some((row) => row['both__ratio'] !== 0 && row['last__price'] !== 5)).toBe(true);
  expect(expected.some((row) => row['both__ratio'] === 0 && row['last__price'] === 5)).toBe(true);
  for (const shards of [1, 2, 7]) {
    const { summary, path, retrieval } = await build(`datasets/test/${shards}`, shards);
    expect(retrieval.units).toBe(2 * shards);
    expect(rounded(await readParquet(fixture, path))).toEqual(expected);
    expect(summary).toMatchObject({ rows: 300, leakage: whole.leakage });
    expect(summary.columns.map(({ name }) => name)).toEqual(whole.columns);
  }
  const sharded = await retrieve(fixture, { spine, request, output: 'sharded.parquet', options: { shards: 3 } });
  expect(rounded(await readParquet(fixture, sharded.path))).toEqual(expected);
  expect(Object.values(whole.leakage).every((leaks) => leaks !== 'unknown' && leaks > 0)).toBe(true);
});

test('the same plan gives the same bytes, and a repeated step its first result', async () => {
  const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
  const first = await build('datasets/test/first', 2);
  const second = await build('datasets/test/second', 2);
  expect(digest(second.path)).toBe(digest(first.path));
  const { runtime } = fixture;
  const again = await assemblePlannedRange({ ...dependencies, runtime }, first.retrieval, 0);
  expect(again.file).toEqual(first.summary.files[0]);
  await computePlannedUnit(dependencies, first.retrieval, 0);
});
