import { expect, it } from 'vitest';
import { intervalStates } from '../../../catalog/interval-states.ts';
import type { TimeRange } from '../../../contracts/lake.ts';

const range = (from: number, to: number): TimeRange => ({ from: BigInt(from), to: BigInt(to) });

function statesOf(
  over: TimeRange,
  done: TimeRange[],
  dirty: TimeRange[],
  failed: number[],
  late: TimeRange[] = [],
): readonly string[] {
  return intervalStates({
    range: over,
    chunkMicros: 10,
    folded: { done, dirty, late },
    failed: new Set(failed.map(BigInt)),
  }).map(({ state, range: { from, to }, intervals }) => `${state} ${from}-${to} ${intervals}`);
}

it('joins neighbouring intervals of one state', () => {
  expect(statesOf(range(0, 100), [range(0, 30), range(50, 60)], [range(30, 40)], [70])).toEqual([
    'done 0-30 3',
    'dirty 30-40 1',
    'missing 40-50 1',
    'done 50-60 1',
    'missing 60-70 1',
    'failed 70-80 1',
    'missing 80-100 2',
  ]);
});

it('counts an interval as done when all of it is, and as dirty when any of it is', () => {
  expect(statesOf(range(0, 30), [range(0, 15)], [range(15, 17), range(29, 30)], [])).toEqual([
    'done 0-10 1',
    'dirty 10-30 2',
  ]);
});

it('believes the ledger where a later run did what an earlier one could not', () => {
  expect(statesOf(range(0, 20), [range(0, 20)], [], [10])).toEqual(['done 0-20 2']);
});

it('calls an interval late that only a restatement redoes', () => {
  expect(statesOf(range(0, 40), [range(0, 12), range(20, 25)], [range(25, 30)], [], [range(12, 24)])).toEqual([
    'done 0-10 1',
    'late 10-20 1',
    'dirty 20-30 1',
    'missing 30-40 1',
  ]);
});
