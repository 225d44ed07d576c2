import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, EngineRow, Session } from '../../../engine/engine.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import { computeViewFeatures } from '../../../offline/view-features.ts';
import { arbitraryWorld } from '../../world/arbitrary-world.ts';
import { isSameValue } from '../../world/matches-answer.ts';
import { askOracle } from '../../world/oracle.ts';
import { loadWorld } from '../../world/world-tables.ts';
import { KEY_COLUMNS, type World } from '../../world/world.ts';

const RUNS = 60;
const KEYS = 8;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({
    memoryLimit: '1GB',
    threads: 1,
    tempDirectory: join(tmpdir(), 'asof-event-identity'),
    allowedDirectories: [],
  });
});
afterAll(() => engine.close());

describe.each([
  { eventId: 'label', operation: null },
  { eventId: 'amount', operation: 'label' },
] as const)('with event id $eventId and operation $operation', (identity) => {
  it('an event with an id counts once at every instant, as the greatest row that has entered by then', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryWorld('aggregate', KEYS, identity), async (world) => {
        expect(await engine.session((session) => problemsOf(session, world))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

async function problemsOf(session: Session, world: World): Promise<readonly string[]> {
  const { events, requests } = await loadWorld(session, world);
  await computeViewFeatures(session, {
    planned: world.planned,
    events: () => `SELECT * FROM ${events}`,
    requests,
    requestKeys: Object.keys(KEY_COLUMNS),
    asKnown: world.asKnown,
    resultTable: 'answers',
  });
  const rows = await session.rows('SELECT * FROM answers');
  const byRow = new Map(rows.map((row) => [Number(row['__row']), row]));
  return world.requests.flatMap((request, index) => {
    if (request.keys.includes(null)) return [];
    const actual = byRow.get(index);
    return actual ? differences(actual, world, request) : [`no answer to request ${index}`];
  });
}

function differences(actual: EngineRow, world: World, request: World['requests'][number]): readonly string[] {
  return Object.entries(askOracle(world, request)).flatMap(([name, { value, leak, tolerance }]) => {
    const [got, leaks] = [actual[name]!, actual[`__leak_${name}`]!];
    if (isSameValue(got, value, tolerance) && leaks === leak) return [];
    return [`${name} at ${request.at}: ${String(got)} (leak ${String(leaks)}), not ${String(value)} (leak ${leak})`];
  });
}
