import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AggregateFunction, WindowManifest } from '../../../contracts/manifest.ts';
import type { PlannedView } from '../../../contracts/plan.ts';
import type { Engine, EngineValue, Session } from '../../../engine/engine.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { computeAggregates, type SweepLimits } from '../../../offline/sweep/sweep.ts';
import { aggregateFeature, planView } from '../../world/world.ts';

const RUNS = 15;
const REQUESTS = 60;

const BOUNDED_WINDOWS: readonly WindowManifest[] = [
  { kind: 'last', count: 13 },
  { kind: 'duration', micros: 70, resolutionMicros: null },
  { kind: 'duration', micros: 130, resolutionMicros: 10 },
];
const FUNCTIONS: readonly AggregateFunction[] = ['sum', 'mean', 'stddev', 'min', 'lastN'];

/** With bounds everywhere, rows that no window reaches are left out. */
const PLANS = [planOf(BOUNDED_WINDOWS), planOf([...BOUNDED_WINDOWS, { kind: 'all' }])];

function planOf(windows: readonly WindowManifest[]): PlannedView {
  const features = FUNCTIONS.flatMap((name) =>
    windows
      .filter(({ kind }) => name !== 'lastN' || kind === 'last')
      .flatMap((window, index) => [
        aggregateFeature(`${name}_${index}`, { function: name, column: 'price', window, where: [] }),
        aggregateFeature(`${name}_${index}_x`, {
          function: name,
          column: 'price',
          window,
          where: [{ column: 'label', values: ['x'] }],
        }),
      ]),
  );
  return planView({ mode: 'aggregate', ttlMicros: null, delayMicros: 3, hasCreated: true, features });
}

interface WorldSettings {
  readonly seed: number;
  readonly asKnown: boolean;
  readonly plan: PlannedView;
}

const worldSettings: fc.Arbitrary<WorldSettings> = fc.record({
  seed: fc.nat(1_000_000),
  asKnown: fc.boolean(),
  plan: fc.constantFrom(...PLANS),
});

/** How the same requests are worked on. */
interface Way {
  readonly limits: SweepLimits;
  readonly shards: number;
  /** Keys that stand before, between and after those of the requests compared. */
  readonly otherKeys: number;
}

const onePiece = (cells: boolean): Way => ({
  limits: { blockRows: 65_536, pieceRows: 131_072, cells },
  shards: 1,
  otherKeys: 0,
});
const otherWay: fc.Arbitrary<Way> = fc.record({
  limits: fc.record({
    blockRows: fc.constantFrom(1, 50, 65_536),
    pieceRows: fc.constantFrom(1, 7, 131_072),
    cells: fc.boolean(),
  }),
  shards: fc.constantFrom(1, 2, 7),
  otherKeys: fc.constantFrom(0, 1, 9),
});

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '1GB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-same-values'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

describe('the answer to a request', () => {
  it('is the same to the last bit whatever is computed beside it', async () => {
    await fc.assert(
      fc.asyncProperty(worldSettings, otherWay, async (settings, way) => {
        const expected = await engine.session((session) => answers(session, settings, onePiece(way.limits.cells!)));
        expect(expected).toHaveLength(REQUESTS);
        expect(await engine.session((session) => answers(session, settings, way))).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  }, 300_000);
});

/** By request all its values. */
async function answers(session: Session, settings: WorldSettings, way: Way): Promise<readonly EngineValue[][]> {
  await createWorld(session, settings.seed, way.otherKeys);
  for (let shard = 0; shard < way.shards; shard++) {
    const input = {
      view: settings.plan,
      events: 'SELECT * FROM events',
      requests: `SELECT * FROM requests WHERE hash(name, code) % ${way.shards} = ${shard}`,
      asKnown: settings.asKnown,
      resultTable: `answers_${shard}`,
    };
    await computeAggregates(session, input, way.limits);
  }
  const tables = Array.from({ length: way.shards }, (_, shard) => `SELECT * FROM answers_${shard}`);
  const rows = await session.rows(
    `SELECT * FROM (${tables.join(' UNION ALL ')}) WHERE __row < ${REQUESTS} ORDER BY __row`,
  );
  return rows.map((row) => Object.values(row));
}

/**
 * Three keys of up to 300 events, whose doubles differ in size so that every order of adding them rounds in another way. The
 * requests from `REQUESTS` on are of other keys.
 */
async function createWorld(session: Session, seed: number, otherKeys: number): Promise<void> {
  const events = (key: string, rows: number, salt: number): string => `
SELECT 'k' AS name, ${key} AS code, make_timestamp(200 + (hash(i, ${salt}) % 500)::BIGINT) AS __event,
  make_timestamp(200 + (hash(i, ${salt}) % 500 + hash(i, ${salt + 1}) % 60)::BIGINT) AS __created, ${salt} * 10000 + i AS __seq,
  pow(10, (hash(i, ${salt + 2}) % 12)::INTEGER - 6) / (1 + hash(i, ${salt + 3}) % 97) AS price,
  CASE WHEN hash(i, ${salt + 4}) % 3 < 2 THEN 'x' END AS label
FROM range(${rows}) t(i)`;
  const own = events(`(hash(i, ${seed}) % 3 * 10)::BIGINT`, 200 + (seed % 300), seed % 1000);
  const others = events(`(hash(i, ${seed}) % ${otherKeys + 1})::BIGINT * 4 - 1`, otherKeys * 37, (seed % 1000) + 5);
  await session.run(`CREATE TEMP TABLE events AS ${own} UNION ALL ${others}`);
  await session.run(`CREATE TEMP TABLE requests AS
SELECT i AS __row, 'k' AS name, (i % 3)::BIGINT * 10 AS code, make_timestamp(200 + (hash(i, ${seed}) % 600)::BIGINT) AS __at
FROM range(${REQUESTS}) t(i)
UNION ALL
SELECT ${REQUESTS} + i, 'k', (i % ${otherKeys + 1})::BIGINT * 4 - 1, make_timestamp(300 + i) FROM range(${otherKeys * 5}) t(i)`);
}
