/**
 * Whether a value leaks: whether any row of its window was created after q. The rows are those that pass the filter,
 * with or without a value: a null row of a last-N window has pushed another one out.
 */
import type { EngineValue } from '../../engine/engine.ts';
import type { BlockTimes } from './block-times.ts';
import { GREATEST, NumberTree } from './number-tree.ts';
import type { RowGroup } from './row-group.ts';
import type { Spans } from './spans.ts';

/** By request. `late` says whether a row of the block was created after it began to count; without, nothing can leak. */
export function evaluateLeaks(
  { rows, created }: RowGroup,
  { starts, ends }: Spans,
  { at }: BlockTimes,
  late: boolean,
): readonly EngineValue[] {
  if (!created || !late) return new Array<EngineValue>(at.length).fill(false);
  const tree = new NumberTree(rows, GREATEST, (row) => created[row]!);
  return Array.from(at, (time, request) => tree.query(starts[request]!, ends[request]!) > time);
}
