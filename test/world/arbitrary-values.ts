/** Random values of every value column: ordinary ones, nulls, and the edges of each type. */
import fc from 'fast-check';
import type { Micros } from '../../contracts/time.ts';
import type { EngineValue } from '../../engine/engine.ts';
import type { ValueColumn } from './world.ts';

/** Integers whose sums doubles hold, integers whose sums only `bigint` holds, and integers that only `bigint` holds; all sums stay within int64. */
export const AMOUNT_EDGES: readonly (readonly bigint[])[] = [
  [1000n],
  [2n ** 52n - 1n],
  [2n ** 53n + 1n, 2n ** 57n + 1n, -(2n ** 57n) - 1n],
];

const price = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }).map((value) => value / 4) },
  { weight: 2, arbitrary: fc.constantFrom(0.1, 1e-30, 1e30, -1e30, 1e16, 0, -0) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
);
/** Among them what an operation column says of a delete. */
const label = fc.constantFrom('delete', 'D', '', 'x', 'y', "it's", 'say "hi"', 'a,b', '\u{1F6E9}', '\uFF5E', 'é');

/** Times stand within so many microseconds of a base. */
const SPREAD = 24;

export function arbitraryTime(base: Micros): fc.Arbitrary<Micros> {
  return fc.integer({ min: 0, max: SPREAD }).map((micros) => base + BigInt(micros));
}

export function orNull<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.option(arbitrary, { freq: 4, nil: null });
}

/** By column. `edges` are the integers that stand beside small ones. */
export function arbitraryValues(
  base: Micros,
  edges: readonly bigint[] = AMOUNT_EDGES.flat(),
): Readonly<Record<ValueColumn, fc.Arbitrary<EngineValue>>> {
  return {
    amount: orNull(fc.oneof(fc.bigInt(-3n, 3n), fc.constantFrom(...edges))),
    price: orNull(price),
    label: orNull(label),
    flag: orNull(fc.boolean()),
    seen: orNull(arbitraryTime(base)),
    vector: orNull(fc.tuple(fc.constantFrom(0, 0.5, -2), fc.constantFrom(1, 0.25))),
  };
}
