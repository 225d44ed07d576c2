/**
 * Whether a value leaks: whether any row of its window was created after q. The rows are those that pass the filter,
 * with or without a value: a null row of a last-N window has pushed another one out.
 */
import type { EngineValue } from '../../engine/engine.ts';
import { GreatestTree } from './order-tree.ts';
import { ChangingRows } from './row-changes.ts';
import type { RowGroup } from './row-group.ts';
import type { Spans } from './spans.ts';

/** By request, which asks at `at`. */
export function evaluateLeaks(
  group: RowGroup,
  { begins, starts, ends }: Spans,
  at: Float64Array,
): readonly EngineValue[] {
  const { changes } = group;
  const created = group.created!;
  const known = changes?.known;
  const build = (): GreatestTree =>
    new GreatestTree(known ? created.map((time, row) => (known[row] === 1 ? time : -Infinity)) : created, group.begins);
  const tree = changes ? build() : group.remember('created', build);
  const changing = changes && new ChangingRows(changes);
  const change = (row: number, counts: boolean): void => tree.set(row, counts ? created[row]! : tree.identity);
  return Array.from(at, (time, request) => {
    changing?.take(request, change);
    return tree.query(begins[request]!, starts[request]!, ends[request]!) > time;
  });
}
