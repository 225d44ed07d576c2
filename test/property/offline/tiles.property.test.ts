import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TimeRange } from '../../../contracts/lake.ts';
import type { AggregateFunction, WindowManifest } from '../../../contracts/manifest.ts';
import { floorToGrid } from '../../../contracts/time.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineRow, Session } from '../../../engine/engine.ts';
import { literalTimestamp } from '../../../engine/sql.ts';
import { computeAggregates } from '../../../offline/sweep/sweep.ts';
import { planTiles } from '../../../offline/tiles/tile-plan.ts';
import { tilesSql } from '../../../offline/tiles/tile-sql.ts';
import { arbitraryWorld } from '../../world/arbitrary-world.ts';
import { isSameValue } from '../../world/matches-answer.ts';
import { askOracle } from '../../world/oracle.ts';
import { loadWorld } from '../../world/world-tables.ts';
import type { World } from '../../world/world.ts';

const RUNS = 25;
const KEYS = 60;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '1GB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-tiles'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

describe('tiles', () => {
  it('stand for the rows of whatever time they cover, with the answers of the oracle', async () => {
    const tiled = fc.array(fc.boolean(), { minLength: 16, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(arbitraryWorld('aggregate', KEYS).map(withTilesAlone), tiled, async (world, covered) => {
        expect(await engine.session((session) => problemsWithTiles(session, world, covered))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});

const WINDOWS: readonly WindowManifest[] = [
  { kind: 'all' },
  { kind: 'duration', micros: 7, resolutionMicros: null },
  { kind: 'duration', micros: 8, resolutionMicros: 4 },
  { kind: 'duration', micros: 14, resolutionMicros: 3 },
];

/** Features that tiles can answer, over integers that doubles hold: otherwise rows would be sorted, and tiles not tested. */
function withTilesAlone(world: World): World {
  const features = world.planned.features.flatMap((feature, index) => {
    if (feature.kind !== 'aggregate' || !TILED.includes(feature.function)) return [];
    const isNumber = feature.column === null || ['amount', 'price', 'seen'].includes(feature.column);
    const window = feature.window.kind === 'last' ? WINDOWS[index % WINDOWS.length]! : feature.window;
    return isNumber ? [{ ...feature, window }] : [];
  });
  const rows = world.rows.map((row) => {
    const amount = row.values.amount as bigint | null;
    return { ...row, values: { ...row.values, amount: amount === null ? null : amount % 1_000_003n } };
  });
  const view = { ...world.planned.view, features };
  return { ...world, rows, planned: { ...world.planned, features, view } };
}

const TILED: readonly AggregateFunction[] = ['count', 'sum', 'mean', 'min', 'max'];

async function problemsWithTiles(
  session: Session,
  world: World,
  covered: readonly boolean[],
): Promise<readonly string[]> {
  const { view, source } = world.planned;
  const plan = planTiles(view, source);
  if (!plan) return [];
  const { events, requests } = await loadWorld(session, world);
  const ranges = coveredRanges(world, plan.micros, covered);
  const tiles = ranges.map((range) => `SELECT * FROM (${tilesSql(`SELECT * FROM ${events}`, view.keys, plan, range)})`);
  const none = `SELECT * FROM (${tilesSql(`SELECT * FROM ${events}`, view.keys, plan, { from: 0n, to: 1n })}) WHERE false`;
  const inside = ranges.map(
    ({ from, to }) => `(__event >= ${literalTimestamp(from)} AND __event < ${literalTimestamp(to)})`,
  );
  const tiled = `(${['false', ...inside].join(' OR ')})`;
  await computeAggregates(session, {
    view: world.planned,
    events: `SELECT * FROM ${events}`,
    requests: `SELECT * FROM ${requests} WHERE name IS NOT NULL AND code IS NOT NULL`,
    asKnown: world.asKnown,
    tiles: {
      plan,
      estimate: { rows: 0, tiles: 0 },
      wish: true,
      tiles: () => Promise.resolve([none, ...tiles].join(' UNION ALL BY NAME ')),
      tiled: `SELECT * FROM ${events} WHERE ${tiled}`,
      untiled: `SELECT * FROM ${events} WHERE NOT ${tiled}`,
    },
    resultTable: 'answers',
  });
  const rows = await session.rows('SELECT * FROM answers');
  const byRow = new Map(rows.map((row) => [Number(row['__row']), row]));
  return world.requests.flatMap((request, index) => {
    const actual = byRow.get(index);
    return actual ? differences(actual, world, request) : [];
  });
}

/** Whole tiles around the world's times: those that `covered` says, neighbours joined. */
function coveredRanges(world: World, micros: number, covered: readonly boolean[]): readonly TimeRange[] {
  const times = world.rows.map(({ event }) => event);
  const least = times.reduce((least, time) => (time < least ? time : least), times[0] ?? 0n);
  const first = floorToGrid(least, micros);
  const ranges: TimeRange[] = [];
  covered.forEach((isCovered, index) => {
    const from = first + BigInt(index * micros);
    if (!isCovered) return;
    const last = ranges.at(-1);
    if (last?.to === from) ranges[ranges.length - 1] = { from: last.from, to: from + BigInt(micros) };
    else ranges.push({ from, to: from + BigInt(micros) });
  });
  return ranges;
}

function differences(actual: EngineRow, world: World, request: World['requests'][number]): readonly string[] {
  return Object.entries(askOracle(world, request)).flatMap(([name, { value, leak, tolerance }]) => {
    const got = actual[name]!;
    const gotLeak = actual[`__leak_${name}`]!;
    if (isSameValue(got, value, tolerance) && gotLeak === leak) return [];
    return [`${name} at ${request.at}: ${String(got)} (leak ${String(gotLeak)}), not ${String(value)} (leak ${leak})`];
  });
}
