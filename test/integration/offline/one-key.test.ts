/**
 * All events belong to one key, in a process of its own under a memory limit. ONE_KEY_EVENTS says how many: two million
 * in every run; fifty million were run by hand.
 */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireInstant } from '../../../contracts/time.ts';
import {
  count,
  entity,
  featureView,
  fileSource,
  first,
  last,
  lastN,
  max,
  mean,
  min,
  numeric,
  sum,
} from '../../../definitions/language.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import type { LimitedRetrieval } from '../../support/limited-retrieval.ts';
import { settingsFor } from '../../support/settings.ts';
import { ingestQuery, openFixture, readParquet, writeParquet, type OfflineFixture } from './offline-fixture.ts';

const EVENTS = Number(process.env['ONE_KEY_EVENTS'] ?? 2_000_000);
const LIMIT = process.env['ONE_KEY_LIMIT'] ?? '1GiB';
const REQUESTS = 10_000;
const FILE_EVENTS = 1_000_000;
const STEP = 500_000n; // one event each half second
const START = requireInstant('2020-01-01', 'start');

const key = entity('key', { keys: { key: 'string' } });
const events = fileSource('events', {
  path: 'events.parquet',
  timestamp: 'ts',
  created: 'loaded',
  schema: { ts: 'timestamp', loaded: 'timestamp', key: 'string', n: 'int64', x: 'float64' },
});
const newest = featureView('newest', {
  entities: [key],
  source: events,
  ttl: '1d',
  features: { n: numeric(), x: numeric() },
});
const windows = featureView('windows', {
  entities: [key],
  source: events,
  features: {
    n_1h: count({ window: '1h', resolution: 'exact' }),
    n_1d: count({ window: '1d' }),
    n_all: count({ window: 'all' }),
    sum_1d: sum('n', { window: '1d' }),
    sum_all: sum('n', { window: 'all' }),
    mean_1h: mean('x', { window: '1h', resolution: 'exact' }),
    min_1d: min('n', { window: '1d', resolution: 'exact' }),
    max_all: max('n', { window: 'all' }),
    first_1h: first('n', { window: '1h', resolution: 'exact' }),
    last_all: last('n', { window: 'all' }),
  },
});
const lasts = featureView('lasts', {
  entities: [key],
  source: events,
  features: { ten: sum('n', { last: 10 }), three: lastN('n', 3) },
});
/** So many rows for each request that the rows of the key are sorted, and held: see LIMITATIONS. */
const deep = featureView('deep', { entities: [key], source: events, features: { many: sum('n', { last: 1000 }) } });

let fixture: OfflineFixture;
let spine: string;
beforeAll(async () => {
  fixture = await openFixture({ key, events, newest, windows, lasts, deep });
  for (let from = 0; from < EVENTS; from += FILE_EVENTS) {
    const to = Math.min(EVENTS, from + FILE_EVENTS);
    await ingestQuery(
      fixture,
      'events',
      `SELECT make_timestamp(${START} + i * ${STEP}) AS ts, make_timestamp(${START} + (i + i % 7) * ${STEP}) AS loaded,
       'the only one' AS key, i AS n, i % 1000 / 8.0 AS x FROM range(${from}::BIGINT, ${to}::BIGINT) t(i)`,
      from,
    );
  }
  const span = BigInt(EVENTS) * STEP;
  spine = await writeParquet(
    fixture,
    'spine.parquet',
    `SELECT 'the only one' AS key, make_timestamp(${START} + (hash(i, 1) % ${span})::BIGINT) AS event_timestamp
     FROM range(${REQUESTS}) t(i)`,
  );
}, 3_600_000);
afterAll(() => fixture.close());

async function retrieveLimited(view: string, asKnown = false) {
  const output = join(fixture.directory, `${view}-${asKnown}.parquet`);
  const retrieval: LimitedRetrieval = {
    settings: settingsFor(fixture.directory, {
      project: fixture.project,
      engine: { memoryLimit: LIMIT, threads: 2 },
    }),
    catalogUrl: fixture.catalogUrl,
    plan: resolveFeatures(fixture.manifest, { features: [view] }),
    ...{ spine, output, asKnown },
  };
  const program = resolve(import.meta.dirname, '../../support/limited-retrieval.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--import', 'tsx', '--max-old-space-size=1024', program, JSON.stringify(retrieval)],
  ]);
  const measured = JSON.parse(stdout) as {
    readonly rows: number;
    readonly seconds: number;
    readonly peakBytes: number;
  };
  if (process.env['ONE_KEY_EVENTS'] !== undefined) {
    process.stdout.write(
      `${EVENTS} events, ${view}, as known ${asKnown}: ${measured.seconds.toFixed(1)} s, ${Math.round(measured.peakBytes / 2 ** 20)} MiB\n`,
    );
  }
  expect(measured.rows).toBe(REQUESTS);
  return { rows: await readParquet(fixture, output), peakBytes: measured.peakBytes };
}

/** The number of events at or before an instant is one more than this, 0-based. */
const index = (at: bigint): bigint => (at - START) / STEP;
/** Of the first event at or after an instant. */
const next = (at: bigint): bigint => (at <= START ? 0n : (at - START + STEP - 1n) / STEP);
const sumOf = (from: bigint, to: bigint): bigint => ((to - from) * (from + to - 1n)) / 2n;
const floor = (at: bigint, grid: bigint): bigint => at - (at % grid);
const HOUR = 3_600_000_000n;
const at = (row: Readonly<Record<string, unknown>>): bigint => row['event_timestamp'] as bigint;
const room = { timeout: 3_600_000 };
/** What the limit does not cover: Node, code, the buffers of the allocator. */
const BESIDE = 400 * 2 ** 20;
const most = (1 << 30) + BESIDE;

test('as-of values are the newest event', room, async () => {
  const { rows, peakBytes } = await retrieveLimited('newest');
  expect(rows.map((row) => row['newest__n'])).toEqual(rows.map((row) => index(at(row))));
  expect(rows.map((row) => row['newest__x'])).toEqual(rows.map((row) => Number(index(at(row)) % 1000n) / 8));
  expect(peakBytes).toBeLessThan(most);
});

test('as-of values as known are the newest event that was known', room, async () => {
  const { rows, peakBytes } = await retrieveLimited('newest', true);
  const known = (q: bigint): bigint | null => {
    for (let i = index(q); i >= 0n; i -= 1n) if (START + (i + (i % 7n)) * STEP <= q) return i;
    return null;
  };
  expect(rows.map((row) => row['newest__n'])).toEqual(rows.map((row) => known(at(row))));
  expect(peakBytes).toBeLessThan(most);
});

test('windows hold their events', room, async () => {
  const { rows, peakBytes } = await retrieveLimited('windows');
  const expected = rows.map((row) => {
    const q = at(row);
    const end = next(q);
    const hour = next(q - HOUR);
    const day = next(floor(q - 24n * HOUR, HOUR / 4n));
    const exactDay = next(q - 24n * HOUR);
    const some = (value: bigint): bigint | null => (end > 0n ? value : null);
    return {
      n_1h: end - hour,
      n_1d: end - day,
      n_all: end,
      sum_1d: end > day ? sumOf(day, end) : null,
      sum_all: some(sumOf(0n, end)),
      min_1d: end > exactDay ? exactDay : null,
      max_all: some(end - 1n),
      first_1h: end > hour ? hour : null,
      last_all: some(end - 1n),
    };
  });
  const names = Object.keys(expected[0]!);
  expect(rows.map((row) => Object.fromEntries(names.map((name) => [name, row[`windows__${name}`]])))).toEqual(expected);
  for (const [position, row] of rows.entries()) {
    const [from, to] = [next(at(row) - HOUR), next(at(row))];
    let total = 0;
    if (position % 100 !== 0 || to === from) continue;
    for (let i = from; i < to; i += 1n) total += Number(i % 1000n) / 8;
    expect(row['windows__mean_1h']).toBeCloseTo(total / Number(to - from), 8);
  }
  expect(peakBytes).toBeLessThan(most);
});

const lastSum = (end: bigint, n: bigint): bigint | null => (end === 0n ? null : sumOf(end > n ? end - n : 0n, end));

test('last-N are the newest events', room, async () => {
  const { rows, peakBytes } = await retrieveLimited('lasts');
  expect(rows.map((row) => [row['lasts__ten'], row['lasts__three']])).toEqual(
    rows.map((row) => {
      const end = next(at(row));
      return [lastSum(end, 10n), [1n, 2n, 3n].map((back) => end - back).filter((n) => n >= 0n)];
    }),
  );
  expect(peakBytes).toBeLessThan(most);
});

test('last-N of a thousand are the newest thousand events', room, async () => {
  const { rows } = await retrieveLimited('deep');
  expect(rows.map((row) => row['deep__many'])).toEqual(rows.map((row) => lastSum(next(at(row)), 1000n)));
});
