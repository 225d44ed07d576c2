/** Functions that pick rows by their place in row order: first, last and lastN. */
import type { EngineValue } from '../../engine/engine.ts';
import { GreatestTree, LeastTree } from './order-tree.ts';
import type { ResultColumn } from './result-column.ts';
import { orderTree, visit, type WindowRows } from './window-rows.ts';

export function evaluateEdge(rows: WindowRows, kind: 'first' | 'last', result: ResultColumn): void {
  const tree = orderTree(rows, kind === 'first' ? LeastPlaces : GreatestPlaces, placesOf(rows));
  const { begins, starts, ends } = rows.spans;
  visit(
    rows,
    (row, known) => tree.set(row, known ? row : tree.identity),
    (request) => {
      const row = tree.query(begins[request]!, starts[request]!, ends[request]!);
      result.setValue(request, rows.column.values[row]!);
    },
  );
}

/**
 * The values of the span, newest first. The span holds at most N known rows, but any number of rows that are not known
 * yet: the tree skips them.
 */
export function evaluateLastN(rows: WindowRows, result: ResultColumn): void {
  const tree = orderTree(rows, GreatestPlaces, placesOf(rows));
  const { begins, starts, ends } = rows.spans;
  visit(
    rows,
    (row, known) => tree.set(row, known ? row : tree.identity),
    (request) => {
      const values: EngineValue[] = [];
      const start = starts[request]!;
      let row = tree.query(begins[request]!, start, ends[request]!);
      for (; row >= start; row = tree.query(begins[request]!, start, row)) values.push(rows.column.values[row]!);
      result.setValue(request, values);
    },
  );
}

/** The first, or last, row of a span that takes part. */
class LeastPlaces extends LeastTree {}
class GreatestPlaces extends GreatestTree {}

function placesOf({ group }: WindowRows): Float64Array {
  return group.remember('places', () => Float64Array.from({ length: group.rows }, (_, row) => row));
}
