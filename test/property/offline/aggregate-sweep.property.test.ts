import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, EngineRow, Session } from '../../../engine/engine.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { computeAggregates, type SweepLimits } from '../../../offline/sweep/sweep.ts';
import { arbitraryWorld } from '../../world/arbitrary-world.ts';
import { isSameValue } from '../../world/matches-answer.ts';
import { askOracle } from '../../world/oracle.ts';
import { loadWorld } from '../../world/world-tables.ts';
import type { World } from '../../world/world.ts';

/** Each run packs 30 to 60 keys, and a key is a world of its own: about 1,100 worlds. */
const RUNS = 25;
const KEYS = 60;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '1GB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-aggregate-sweep'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

describe('the aggregate sweep', () => {
  it('answers every request as the oracle does', async () => {
    const limits = fc.record({
      blockRows: fc.constantFrom(1, 16, 65_536),
      pieceRows: fc.constantFrom(1, 7, 131_072),
      cells: fc.boolean(),
      ranges: fc.constantFrom({ requests: 1, rows: 1 }, { requests: 100, rows: 50 }, { requests: 1_000_000, rows: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(arbitraryWorld('aggregate', KEYS), limits, async (world, limit) => {
        const problems = await engine.session((session) => sweepProblems(session, world, limit));
        expect(problems).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  }, 300_000);
});

async function sweepProblems(session: Session, world: World, limits: SweepLimits): Promise<readonly string[]> {
  const { events, requests } = await loadWorld(session, world);
  await computeAggregates(
    session,
    {
      view: world.planned,
      events: `SELECT * FROM ${events}`,
      requests: `SELECT * FROM ${requests} WHERE name IS NOT NULL AND code IS NOT NULL`,
      asKnown: world.asKnown,
      resultTable: 'answers',
    },
    limits,
  );
  const rows = await session.rows('SELECT * FROM answers');
  const byRow = new Map(rows.map((row) => [Number(row['__row']), row]));
  const expected = world.requests.filter(({ keys }) => !keys.includes(null)).length;
  const problems = rows.length === expected ? [] : [`${rows.length} rows for ${expected} requests`];
  world.requests.forEach((request, index) => {
    const actual = byRow.get(index);
    if (actual) problems.push(...differences(actual, world, request));
  });
  return problems;
}

function differences(actual: EngineRow, world: World, request: World['requests'][number]): readonly string[] {
  return Object.entries(askOracle(world, request)).flatMap(([name, { value, leak, tolerance }]) => {
    const got = actual[name]!;
    const gotLeak = actual[`__leak_${name}`]!;
    if (isSameValue(got, value, tolerance) && gotLeak === leak) return [];
    return [`${name} at ${request.at}: ${String(got)} (leak ${String(gotLeak)}), not ${String(value)} (leak ${leak})`];
  });
}
