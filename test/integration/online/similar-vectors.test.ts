/** Nearest neighbours over the lake, against all similarities computed here. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PlannedView } from '../../../contracts/plan.ts';
import { findSimilar } from '../../../online/similar-vectors.ts';
import { columnFeature, planView, type WorldRow } from '../../world/world.ts';
import { commitRows, openFixture, type OnlineFixture } from './online-fixture.ts';

const NOON = 1_704_110_400_000_000n;
const HOUR = 3_600_000_000n;

let fixture: OnlineFixture;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

let views = 0;
let sequence = 0n;

/** A view of an embedding of two numbers, over a source of its own. */
function viewOf(ttlMicros: number | null, mode: 'asof' | 'aggregate' = 'asof'): PlannedView {
  const feature = { ...columnFeature('vector', null), featureType: 'embedding' } as const;
  const planned = planView({ mode, ttlMicros, delayMicros: 0, hasCreated: false, features: [feature] });
  const source = `rows_${++views}`;
  return {
    ...planned,
    source: { ...planned.source, name: source },
    view: { ...planned.view, name: `similar_${views}`, source },
  };
}

function row(name: string, hours: bigint, vector: readonly number[] | null): WorldRow {
  const values = { amount: null, price: null, label: null, flag: null, seen: null, vector };
  return { keys: [name, 1n], event: NOON - hours * HOUR, created: null, sequence: sequence++, values };
}

function cosine([a, b]: readonly number[], [c, d]: readonly number[]): number {
  return (a! * c! + b! * d!) / (Math.hypot(a!, b!) * Math.hypot(c!, d!));
}

describe('the most similar entities', () => {
  it('are those of the newest values, whatever the rows', async () => {
    // few numbers, so that vectors are equal, opposite, parallel, or zero
    const number = fc.integer({ min: -3, max: 3 });
    const rows = fc.array(
      fc.record({
        name: fc.constantFrom(...'abcdefghij'),
        hours: fc.bigInt({ min: -2n, max: 5n }),
        vector: fc.option(fc.tuple(number, number)),
      }),
      { maxLength: 40 },
    );
    const asked = fc.record({
      vector: fc.tuple(number, number).filter(([a, b]) => a !== 0 || b !== 0),
      k: fc.integer({ min: 1, max: 12 }),
      ttlHours: fc.option(fc.integer({ min: 0, max: 3 })),
    });
    await fc.assert(
      fc.asyncProperty(rows, asked, async (drawn, { vector, k, ttlHours }) => {
        const written = drawn.map(({ name, hours, vector: value }) => row(name, hours, value));
        const view = viewOf(ttlHours === null ? null : ttlHours * Number(HOUR));
        if (written.length > 0) await commitRows(fixture, view, written);
        const { entities } = await findSimilar(fixture, { view, vector, k, at: NOON });

        const newest = new Map<string, WorldRow>();
        for (const one of written) {
          const known = newest.get(String(one.keys[0]));
          if (one.event <= NOON && (known === undefined || one.event >= known.event))
            newest.set(String(one.keys[0]), one);
        }
        const expected = [...newest.values()]
          .filter(({ event }) => ttlHours === null || event >= NOON - BigInt(ttlHours) * HOUR)
          .map(({ keys, event, values }) => ({ name: keys[0], event, vector: values.vector as number[] | null }))
          .filter((one) => one.vector !== null && one.vector.some((value) => value !== 0))
          .map((one) => ({ ...one, similarity: cosine(one.vector!, vector) }))
          .sort((a, b) => b.similarity - a.similarity);
        expect(entities).toHaveLength(Math.min(k, expected.length));
        const found = new Map(expected.map((one) => [one.name, one]));
        entities.forEach(({ key, similarity, eventTimestamp }, index) => {
          const one = found.get(key[0] as string)!;
          expect(similarity).toBeCloseTo(one.similarity, 12);
          expect(eventTimestamp).toBe(one.event);
          // equal ones may change places by the last digit
          expect(similarity).toBeCloseTo(expected[index]!.similarity, 12);
        });
        expect(new Set(entities.map(({ key }) => key[0])).size).toBe(entities.length);
      }),
      { numRuns: 40 },
    );
  });

  it('are asked for by a vector of the right length that has a direction', async () => {
    const view = viewOf(null);
    await commitRows(fixture, view, [row('a', 1n, [1, 2])]);
    const ask = (vector: readonly number[]) => findSimilar(fixture, { view, vector, k: 1, at: NOON });
    const refused = (text: string) => ({ code: 'INVALID_VALUE', message: expect.stringContaining(text) as string });
    await expect(ask([1, 2, 3])).rejects.toMatchObject(refused('has 2 numbers, not 3'));
    await expect(ask([0, 0])).rejects.toMatchObject(refused('no direction'));
    await expect(ask([1, Infinity])).rejects.toMatchObject(refused('finite'));
    expect((await ask([1, 2])).entities).toMatchObject([{ key: ['a', 1n] }]);
  });

  it('are those of an embedding alone', async () => {
    const planned = planView({
      ...{ mode: 'asof', ttlMicros: null, delayMicros: 0, hasCreated: false },
      features: [columnFeature('amount', null)],
    });
    await expect(findSimilar(fixture, { view: planned, vector: [1], k: 1, at: NOON })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringContaining('world:f_amount is not') as string,
    });
  });
});
