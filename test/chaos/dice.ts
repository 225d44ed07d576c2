/** Chance from a seed. Lanes that run side by side have dice of their own, so that none disturbs the throws of another. */
import { createRandom } from '../e2e/support/seeded-random.ts';

export interface Dice {
  /** From 0 inclusive to `below` exclusive. */
  integer(below: number): number;
  /** From `least` to `most` milliseconds. */
  millis(least: number, most: number): number;
  /** True with this probability. */
  happens(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** `lane` is any small number: one for each user of the seed. */
export function createDice(seed: number, lane: number): Dice {
  const next = createRandom(Math.imul(seed, 7919) + lane);
  const integer = (below: number): number => Math.floor(next() * below);
  return {
    integer,
    millis: (least, most) => least + integer(most - least + 1),
    happens: (probability) => next() < probability,
    pick: (choices) => choices[integer(choices.length)]!,
  };
}
