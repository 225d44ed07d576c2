/** Functions that pick rows by their place in row order: first, last and lastN. */
import type { EngineValue } from '../../engine/engine.ts';
import { GREATEST, LEAST, NumberTree } from './number-tree.ts';
import type { ResultColumn } from './result-column.ts';
import { isReady, visit, type WindowRows } from './window-rows.ts';

export function evaluateEdge(rows: WindowRows, kind: 'first' | 'last', result: ResultColumn): void {
  const tree = placesTree(rows, kind);
  const { starts, ends } = rows.spans;
  visit(
    rows,
    (row) => tree.set(row, row),
    (request) => {
      if (rows.present[request]! === 0) return;
      result.setValue(request, rows.column.values[tree.query(starts[request]!, ends[request]!)]!);
    },
  );
}

/**
 * The values of the span, newest first. The span holds at most N known rows, but any number of rows that are not known
 * yet: the tree skips them.
 */
export function evaluateLastN(rows: WindowRows, result: ResultColumn): void {
  const tree = placesTree(rows, 'last');
  const { starts, ends } = rows.spans;
  visit(
    rows,
    (row) => tree.set(row, row),
    (request) => {
      if (rows.present[request]! === 0) return;
      const values: EngineValue[] = [];
      const start = starts[request]!;
      for (let row = tree.query(start, ends[request]!); row >= start; row = tree.query(start, row)) {
        values.push(rows.column.values[row]!);
      }
      result.setValue(request, values);
    },
  );
}

/** A tree whose query gives the first or the last row of a span that has a value and is known. */
function placesTree(rows: WindowRows, kind: 'first' | 'last'): NumberTree {
  const combination = kind === 'first' ? LEAST : GREATEST;
  return new NumberTree(rows.group.rows, combination, (row) => (isReady(rows, row) ? row : combination.identity));
}
