/**
 * Random worlds through the whole path: rows committed in parts, some taken away again, materialized step by step and read at
 * random instants. Whoever answers, Redis or the lake, says what the oracle says.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Timestamp } from '../../../contracts/timestamp.ts';
import type { FeatureValue } from '../../../contracts/values.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
import { verifyView } from '../../../online/verification.ts';
import { createWriteBack } from '../../../online/write-back.ts';
import { uniqueName } from '../../support/stack.ts';
import { arbitraryWorld } from '../../world/arbitrary-world.ts';
import { isSameValue } from '../../world/matches-answer.ts';
import { askOracle } from '../../world/oracle.ts';
import type { World, WorldRow } from '../../world/world.ts';
import {
  commitRows,
  materialize,
  NO_RUNTIME,
  openFixture,
  planOf,
  readDependencies,
  type OnlineFixture,
} from './online-fixture.ts';

const RUNS = 5;
/** Of each world; every one costs a query of the lake. */
const INSTANTS = 6;
const KEYS = 10;
const YEAR_2026 = 1_767_225_600_000_000n;

let fixture: OnlineFixture;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

describe.each([
  { mode: 'asof', eventId: null, operation: null },
  { mode: 'asof', eventId: 'amount', operation: 'label' },
  { mode: 'aggregate', eventId: null, operation: null },
  { mode: 'aggregate', eventId: 'label', operation: null },
  { mode: 'aggregate', eventId: 'amount', operation: 'label' },
] as const)('$mode views with event id $eventId and operation $operation', ({ mode, ...identity }) => {
  it('are served as the oracle answers', async () => {
    const servedFrom = new Set<string>();
    await fc.assert(
      fc.asyncProperty(arbitraryWorld(mode, KEYS, identity), fc.nat(2), async (drawn, removedPart) => {
        fc.pre(drawn.rows.length > 0 && drawn.rows.every(({ event }) => event < YEAR_2026));
        const world = asOnlineView(drawn);
        const left = await fillStore(world, removedPart);
        // nothing is wrong, so the comparison with the lake must not say so
        const verified = await verifyView(fixture, { planned: world.planned, sample: 1000, seed: 1 });
        expect(verified).toMatchObject({ state: 'complete', problems: [], differences: [] });
        for (const at of [...new Set(world.requests.map((request) => request.at))].slice(0, INSTANTS)) {
          const requests = world.requests.filter((request) => request.at === at);
          const { features } = await readOnlineVectors(readDependencies(fixture), {
            plan: planOf(world.planned),
            runtime: NO_RUNTIME,
            entities: { name: requests.map(({ keys }) => keys[0]), code: requests.map(({ keys }) => keys[1]) },
            at,
          });
          for (const { column, cells } of features) {
            requests.forEach((request, index) => {
              const answer = askOracle({ ...world, rows: left }, request)[column.feature.name]!;
              const cell = cells[index]!;
              servedFrom.add(cell.servedFrom);
              expect(cell.status, column.name).toBe(answer.status);
              expect(isSame(cell.value, answer.value, answer.tolerance), `${column.name}: ${String(cell.value)}`).toBe(
                true,
              );
            });
          }
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(servedFrom).toContain('online');
    expect(servedFrom).toContain('lake');
  }, 120_000);

  it('are served so from states that were written back, where there are no others', async () => {
    let served = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryWorld(mode, KEYS, identity), async (drawn) => {
        fc.pre(drawn.rows.length > 0 && drawn.rows.every(({ event }) => event < YEAR_2026));
        const world = asCachedView(asOnlineView(drawn));
        await commitRows(fixture, world.planned, world.rows);
        const writeBack = createWriteBack(fixture);
        const dependencies = { ...readDependencies(fixture), writeBack };
        const keys = world.requests.map((request) => request.keys);
        const request = {
          plan: planOf(world.planned),
          runtime: NO_RUNTIME,
          entities: { name: keys.map(([name]) => name), code: keys.map(([, code]) => code) },
          at: YEAR_2026,
        };
        await readOnlineVectors(dependencies, request);
        await writeBack.settled();
        const { features } = await readOnlineVectors({ ...dependencies, lake: null }, request);
        for (const { column, cells } of features) {
          cells.forEach((cell, index) => {
            // what was not written back has no answer here
            if (cell.status === 'UNAVAILABLE') return;
            const answer = askOracle(world, { keys: keys[index]!, at: YEAR_2026 })[column.feature.name]!;
            expect(cell.status, column.name).toBe(answer.status);
            expect(isSame(cell.value, answer.value, answer.tolerance), `${column.name}: ${String(cell.value)}`).toBe(
              true,
            );
            served += 1;
          });
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(served).toBeGreaterThan(0);
  }, 120_000);
});

function asCachedView({ planned, ...world }: World): World {
  const view = { ...planned.view, options: { ...planned.view.options, cacheMicros: 3_600_000_000 } };
  return { ...world, planned: { ...planned, view } };
}

/** The world under names of its own. Rows of a source without created times have none. */
function asOnlineView({ planned, ...world }: World): World {
  const name = uniqueName('world');
  const { created } = planned.source;
  return {
    ...world,
    planned: {
      ...planned,
      as: name,
      source: { ...planned.source, name },
      view: { ...planned.view, name, source: name, fingerprint: name, asKnown: world.asKnown },
    },
    rows: created === null ? world.rows.map((row) => ({ ...row, created: null })) : world.rows,
  };
}

/** Commits in three parts, the last of which takes rows away; materializes after each. Answers the rows that are left. */
async function fillStore({ planned, rows }: World, removedPart: number): Promise<readonly WorldRow[]> {
  const half = Math.ceil(rows.length / 2);
  const [first, second] = [rows.slice(0, half), rows.slice(half)];
  const events = rows.map(({ event }) => event).sort((a, b) => (a < b ? -1 : 1));
  await commitRows(fixture, planned, first);
  await materialize(fixture, planned, events[Math.floor(events.length / 2)]!);
  await commitRows(fixture, planned, second);
  await materialize(fixture, planned, events.at(-1)!);
  const removed = rows.filter(({ sequence }) => removedPart > 0 && sequence % 3n === BigInt(removedPart));
  const left = rows.filter((row) => !removed.includes(row));
  if (removed.length > 0) {
    await commitRows(fixture, planned, [], { rows: left, removed: removed.map(({ sequence }) => sequence) });
  }
  await materialize(fixture, planned, YEAR_2026);
  return left;
}

/** Counts are plain numbers in TypeScript and BIGINT in the engine. */
function isSame(actual: FeatureValue, expected: EngineValue, tolerance: number): boolean {
  if (typeof actual === 'number' && typeof expected === 'bigint') return BigInt(actual) === expected;
  return isSameValue(toEngineValue(actual), expected, tolerance);
}

function toEngineValue(value: FeatureValue): EngineValue {
  if (value instanceof Timestamp) return value.epochMicroseconds;
  return Array.isArray(value) ? value.map(toEngineValue) : (value as EngineValue);
}
