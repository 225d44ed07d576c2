/**
 * Whether a value leaks: whether any row of its window was created after q. The rows are those that pass the filter,
 * with or without a value: a null row of a last-N window has pushed another one out.
 */
import type { EngineValue } from '../../engine/engine.ts';
import { GreatestTree } from './order-tree.ts';
import type { RowGroup } from './row-group.ts';
import type { Spans } from './spans.ts';

/** By request, which asks at `at`. */
export function evaluateLeaks(
  group: RowGroup,
  { begins, starts, ends }: Spans,
  at: Float64Array,
): readonly EngineValue[] {
  const tree = group.remember('created', () => new GreatestTree(group.created!, group.begins));
  return Array.from(at, (time, request) => tree.query(begins[request]!, starts[request]!, ends[request]!) > time);
}
