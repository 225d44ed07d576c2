import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, EngineRow, Session } from '../../../engine/engine.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { RangeLimits } from '../../../offline/range-batches.ts';
import { computeViewFeatures, viewFeatureSql } from '../../../offline/view-features.ts';
import { arbitraryWorld } from '../../world/arbitrary-world.ts';
import { isSameValue } from '../../world/matches-answer.ts';
import { askOracle } from '../../world/oracle.ts';
import { loadWorld } from '../../world/world-tables.ts';
import { KEY_COLUMNS, type World } from '../../world/world.ts';

/** Each run packs 30 to 60 keys, and a key is a world of its own: about 1,100 worlds. */
const RUNS = 25;
const KEYS = 60;

/** How rows are gathered by ranges of keys: in many, in some, not at all. */
const ranges = fc.constantFrom({ requests: 1, rows: 1 }, { requests: 100, rows: 50 }, { requests: 1_000_000, rows: 1 });

/** Whether each column of the source stands by itself in the result, or all of a type in one. */
const packing = fc.constantFrom(1, Number.MAX_SAFE_INTEGER);

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '1GB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-asof-view'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

describe.each([
  { eventId: null, operation: null },
  { eventId: 'amount', operation: 'label' },
] as const)('an as-of view with event id $eventId and operation $operation', (identity) => {
  it('has the value, status and leak of every request that the oracle has', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryWorld('asof', KEYS, identity),
        ranges,
        packing,
        async (world, gathered, leastPacked) => {
          const problems = await engine.session((session) => viewProblems(session, world, gathered, leastPacked));
          expect(problems).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

async function viewProblems(
  session: Session,
  world: World,
  ranges: RangeLimits,
  leastPacked: number,
): Promise<readonly string[]> {
  const { events, requests } = await loadWorld(session, world);
  await computeViewFeatures(session, {
    planned: world.planned,
    events: () => `SELECT * FROM ${events}`,
    requests,
    requestKeys: Object.keys(KEY_COLUMNS),
    asKnown: world.asKnown,
    ranges,
    leastPacked,
    resultTable: 'answers',
  });
  const columns = viewFeatureSql(world.planned, 'a', leastPacked).flatMap(({ name, value, status, leak }) => [
    `${value} AS "${name}"`,
    `${status} AS "${name} status"`,
    `${leak ?? 'NULL::BOOLEAN'} AS "${name} leak"`,
  ]);
  const rows = await session.rows(
    `SELECT r.__row, ${columns.join(', ')} FROM ${requests} r LEFT JOIN answers a ON a.__row = r.__row ORDER BY r.__row`,
  );
  if (rows.length !== world.requests.length) return [`${rows.length} rows for ${world.requests.length} requests`];
  return world.requests.flatMap((request, index) => differences(rows[index]!, world, request));
}

function differences(actual: EngineRow, world: World, request: World['requests'][number]): readonly string[] {
  return Object.entries(askOracle(world, request)).flatMap(([name, expected]) => {
    const [value, status, leak] = [actual[name]!, actual[`${name} status`]!, actual[`${name} leak`]!];
    if (isSameValue(value, expected.value, 0) && status === expected.status && leak === expected.leak) return [];
    const wanted = `${String(expected.value)} ${expected.status} (leak ${expected.leak})`;
    return [`${name} at ${request.at}: ${String(value)} ${String(status)} (leak ${String(leak)}), not ${wanted}`];
  });
}
