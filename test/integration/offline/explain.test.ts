/** What `--explain` says is read is what is then read: file by file, from whichever table, with tiles or without. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  count,
  derivedView,
  entity,
  featureView,
  fileSource,
  first,
  numeric,
  sum,
} from '../../../definitions/language.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import type { TimeRange } from '../../../contracts/lake.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { describeExplanation } from '../../../cli/explanation-text.ts';
import { openSpark } from '../../../engine/spark/thrift-spark.ts';
import { explainRetrieval, type Explanation, type ViewExplanation } from '../../../offline/explain.ts';
import { retrieveHistorical, type RetrievalDependencies } from '../../../offline/retrieval.ts';
import { planRetrieval } from '../../../offline/staged-retrieval.ts';
import { backfillView, ledgerChange } from './backfilled-view.ts';
import { ingest, openFixture, writeText, type OfflineFixture } from './offline-fixture.ts';

const user = entity('user', { keys: { user: 'int64' } });
const buys = fileSource('buys', {
  path: 'buys.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user: 'int64', price: 'int64' },
});
const last = featureView('last', { entities: [user], source: buys, ttl: '3d', features: { price: numeric() } });
const sales = featureView('sales', {
  entities: [user],
  source: buys,
  features: {
    n: count({ window: '2d', resolution: '1d' }),
    earliest: first('price', { window: '2d', resolution: '1d' }),
  },
});
const made = featureView('made', {
  entities: [user],
  source: buys,
  sql: 'select "user", date_trunc(\'day\', ts) as ts, sum(price)::BIGINT as price from buys group by all',
  features: { price: numeric() },
});
const twice = derivedView('twice', {
  inputs: [last],
  features: { price: numeric() },
  compute: ({ last: { price } }) => ({ price: price === null ? null : Number(price) * 2 }),
});

let fixture: OfflineFixture;
let spine: string;
beforeAll(async () => {
  fixture = await openFixture({ user, buys, last, sales, made, twice, sum });
  // a file a day, ten rows a day
  for (const day of [1, 2, 3, 4, 5, 6, 7]) {
    const rows = Array.from({ length: 10 }, (_, row) => `'2024-01-0${day} ${10 + row}:00', ${row % 2}, ${day * row}`);
    await ingest(fixture, 'buys', rows, day * 100);
  }
  spine = writeText(
    fixture,
    'spine.csv',
    'user,event_timestamp\n0,2024-01-05T00:00:00Z\n1,2024-01-06T12:00:00.5Z\n1,2024-01-06T06:00:00Z\n',
  );
});
afterAll(() => fixture.close());

const request = (features: readonly string[]) => ({
  project: fixture.project,
  plan: resolveFeatures(fixture.manifest, { features }),
  spine: { kind: 'spine', path: spine } as const,
  asKnown: false,
  shortNames: false,
});

/** The dependencies, and the paths that were fetched from the lake by what uses them. */
function watched(): { readonly dependencies: RetrievalDependencies; readonly fetched: Set<string> } {
  const { engine, lake, catalog, directory } = fixture;
  const fetched = new Set<string>();
  const watching = new Proxy(lake, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        if (name === 'localPath') fetched.add(args[0] as string);
        if (name === 'checkedPath') fetched.add((args[0] as { readonly path: string }).path);
        return Reflect.apply(method, target, args);
      };
    },
  });
  const { tables, intervals } = catalog;
  return {
    dependencies: { engine, lake: watching, tables, intervals, workDirectory: join(directory, 'work') },
    fetched,
  };
}

async function explain(features: readonly string[]): Promise<Explanation> {
  const { dependencies, fetched } = watched();
  const explanation = await explainRetrieval(dependencies, request(features));
  expect([...fetched]).toEqual([]);
  return explanation;
}

/** Retrieves, and gives what it has fetched. */
async function filesOf(features: readonly string[]): Promise<readonly string[]> {
  const { dependencies, fetched } = watched();
  const { runtime, directory } = fixture;
  await retrieveHistorical(dependencies, { ...request(features), runtime, output: join(directory, 'out.csv') });
  return [...fetched].sort();
}

function toldFiles({ sourceFiles, viewTable, tiles }: ViewExplanation): readonly string[] {
  return [...sourceFiles.files, ...(viewTable?.files ?? []), ...(tiles?.files ?? [])].sort();
}

const days = (from: number, to: number): TimeRange => ({
  from: requireInstant(`2024-01-0${from}`, 'from'),
  to: requireInstant(`2024-01-0${to}`, 'to'),
});

describe('an explanation', () => {
  test('names the files of the source that can matter, and no others', async () => {
    const { views, ...rest } = await explain(['last', 'sales:n', 'sales:earliest']);
    expect(rest).toMatchObject({
      ...{ rows: 3, firstAt: '2024-01-05T00:00:00.000000Z', lastAt: '2024-01-06T12:00:00.500000Z', shards: 1 },
      derived: [],
    });
    const [asof, windows] = views;
    expect(asof).toMatchObject({
      ...{ view: 'last', source: 'buys', snapshot: 7, engine: 'duckdb', why: 'no Spark is configured' },
      events: { from: '2024-01-02T00:00:00.000000Z', to: '2024-01-06T12:00:00.500001Z' },
      sourceFiles: { rows: 50 },
      ...{ viewTable: null, tiles: null, fit: null },
    });
    expect(windows).toMatchObject({ view: 'sales', tiles: { use: false }, sourceFiles: { rows: 50 } });
    expect(await filesOf(['last'])).toEqual(toldFiles(asof!));
    expect(await filesOf(['sales'])).toEqual(toldFiles(windows!));
  });

  test('says for which times the view’s own table stands in, dirty ones left out', async () => {
    await backfillView(fixture, 'last', days(2, 5));
    const { catalog } = fixture;
    await catalog.intervals.append([
      ledgerChange(fixture, { view: 'last', range: days(3, 4), operation: 'dirty', inputSnapshot: 7 }),
    ]);
    const [explained] = (await explain(['last'])).views;
    expect(explained).toMatchObject({
      sourceFiles: { rows: 30 },
      viewTable: {
        complete: [
          { from: '2024-01-02T00:00:00.000000Z', to: '2024-01-03T00:00:00.000000Z' },
          { from: '2024-01-04T00:00:00.000000Z', to: '2024-01-05T00:00:00.000000Z' },
        ],
      },
    });
    expect(explained!.viewTable!.rows).toBeGreaterThanOrEqual(20);
    expect(await filesOf(['last'])).toEqual(toldFiles(explained!));
  });

  test('says of tiles whether they are read, and why', async () => {
    await backfillView(fixture, 'sales', days(2, 6));
    const [both] = (await explain(['sales'])).views;
    expect(both!.tiles).toEqual({ use: false, why: 'rows are read for earliest, and answer the rest as well' });
    const [counted] = (await explain(['sales:n'])).views;
    expect(counted!.tiles).toMatchObject({ use: true, why: '10 tiles stand for 40 rows', rows: 10 });
    expect(counted!.tiles!.files).toHaveLength(1);
    expect(await filesOf(['sales'])).toEqual(toldFiles(both!));
    expect(await filesOf(['sales:n'])).toEqual(toldFiles(counted!));
  });

  test('of a query over the whole source names all of it', async () => {
    const [explained] = (await explain(['made'])).views;
    expect(explained).toMatchObject({ events: { from: null, to: null }, sourceFiles: { rows: 70 }, viewTable: null });
    expect(await filesOf(['made'])).toEqual(toldFiles(explained!));
  });

  test('of Spark names files of the source alone, the same that it is given', async () => {
    const { dependencies } = watched();
    const spark = { spark: openSpark('thrift://127.0.0.1:1'), autoAboveBytes: 0 };
    const { views } = await explainRetrieval({ ...dependencies, spark }, request(['last', 'sales:n']));
    for (const explained of views) {
      expect(explained).toMatchObject({ engine: 'spark', sourceFiles: { rows: 50 }, viewTable: null });
      expect(explained.sourceFiles.bytes).toBe(explained.bytes);
    }
    expect(views[1]!.tiles).toEqual({ use: false, why: 'Spark reads the rows of the source' });
  });

  test('has the shards and engines that a plan then has', async () => {
    const { dependencies } = watched();
    const asked = { ...request(['last', 'sales']), shards: 3, engine: 'duckdb' } as const;
    const explanation = await explainRetrieval(dependencies, asked);
    const plan = await planRetrieval(dependencies, { ...asked, directory: 'datasets/d/run' });
    expect(explanation.shards).toBe(plan.shards);
    for (const { view, engine, why, bytes } of explanation.views) {
      expect(plan.engines![view]).toEqual({ engine, why, bytes });
    }
    // what a worker has is less than what this process has
    const small = await explainRetrieval(dependencies, { ...request(['sales']), memoryBytes: 1000 });
    expect(small.shards).toBeGreaterThan(1);
  });

  test('is a paragraph a view for people', async () => {
    const lines = describeExplanation(await explain(['last', 'sales:n', 'twice']));
    const shown = lines.map((line) =>
      line
        .replace(/[0-9a-f]{8}…/, 'VERSION…')
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'ID')
        .replace(/[\d.]+ (kB|bytes)$/, 'SIZE'),
    );
    expect(shown.join('\n')).toMatchInlineSnapshot(`
      "3 rows from 2024-01-05 to 2024-01-06T12:00:00.500000Z, in one shard.

      last: by DuckDB, since no Spark is configured
        source buys, snapshot 7, events from 2024-01-02 up to 2024-01-06T12:00:00.500000Z: 3 files, 30 rows, SIZE
          sources/buys/1970-01-01-ID.parquet
          sources/buys/1970-01-01-ID.parquet
          sources/buys/1970-01-01-ID.parquet
        its own table, complete for 2024-01-02 to 2024-01-03, 2024-01-04 to 2024-01-05: 1 file, 30 rows, SIZE
          views/last/VERSION…/0/20240102T000000000000Z-ID.parquet

      sales: by DuckDB, since no Spark is configured
        source buys, snapshot 7, events from 2024-01-02 up to 2024-01-06T12:00:00.500000Z: 1 file, 10 rows, SIZE
          sources/buys/1970-01-01-ID.parquet
        its own table, complete for 2024-01-02 to 2024-01-06: 1 file, 40 rows, SIZE
          views/sales/VERSION…/0/20240102T000000000000Z-ID.parquet
        tiles, since 10 tiles stand for 40 rows: 1 file, 10 tiles, SIZE
          views/sales/VERSION…/tiles/20240102T000000000000Z-ID.parquet

      twice: in Node, from last

      Rows and bytes are those of whole files: no more than that is read."
    `);
  });
});
