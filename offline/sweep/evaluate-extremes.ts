/** Least and greatest values: an order tree over numbers that compare like the values. */
import { compareValues } from '../../aggregates/value-order.ts';
import type { EngineValue } from '../../engine/engine.ts';
import { int64Numbers } from './int64-numbers.ts';
import { GREATEST, LEAST, NumberTree } from './number-tree.ts';
import { rankColumn } from './ranks.ts';
import type { ResultColumn } from './result-column.ts';
import { isReady, visit, type WindowRows } from './window-rows.ts';

export function evaluateExtreme(rows: WindowRows, kind: 'min' | 'max', result: ResultColumn): void {
  const { numbers, valueOf } = comparableNumbers(rows);
  const combination = kind === 'min' ? LEAST : GREATEST;
  const tree = new NumberTree(rows.group.rows, combination, (row) =>
    isReady(rows, row) ? numbers[row]! : combination.identity,
  );
  const { starts, ends } = rows.spans;
  visit(
    rows,
    (row) => tree.set(row, numbers[row]!),
    (request) => {
      if (rows.present[request]! === 0) return;
      result.setValue(request, valueOf(tree.query(starts[request]!, ends[request]!)));
    },
  );
}

interface ComparableNumbers {
  readonly numbers: Float64Array | Int32Array;
  readonly valueOf: (number: number) => EngineValue;
}

/** The values themselves where doubles hold them, else their ranks. */
function comparableNumbers({ column, type }: WindowRows): ComparableNumbers {
  if (type === 'float64') {
    // minus zero counts as zero
    const numbers = (column.values as Float64Array).map((value) => value + 0);
    return { numbers, valueOf: (number) => number };
  }
  if (type === 'int64' || type === 'timestamp') {
    const numbers = int64Numbers(column.values as BigInt64Array, column.valid);
    if (numbers) return { numbers, valueOf: (number) => number };
  }
  const ranks = rankColumn(column, compareValues);
  return { numbers: ranks.ofRow, valueOf: (rank) => ranks.values[rank]! };
}
