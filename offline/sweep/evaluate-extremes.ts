/** Least and greatest values: an order tree over numbers that compare like the values. */
import { compareValues } from '../../aggregates/value-order.ts';
import type { EngineValue } from '../../engine/engine.ts';
import { int64Numbers } from '../int64-numbers.ts';
import { GreatestTree, LeastTree } from './order-tree.ts';
import { rankColumn } from './ranks.ts';
import type { ResultColumn } from './result-column.ts';
import { orderTree, visit, type WindowRows } from './window-rows.ts';

export function evaluateExtreme(rows: WindowRows, kind: 'min' | 'max', result: ResultColumn): void {
  const { numbers, values } = rows.group.remember(`comparable ${rows.input}`, () => comparableNumbers(rows));
  const tree = orderTree(rows, kind === 'min' ? LeastTree : GreatestTree, numbers);
  const { begins, starts, ends } = rows.spans;
  visit(
    rows,
    (row, known) => tree.set(row, known ? numbers[row]! : tree.identity),
    (request) => {
      const extreme = tree.query(begins[request]!, starts[request]!, ends[request]!);
      if (values) result.setValue(request, values[extreme]!);
      else result.setNumber(request, extreme);
    },
  );
}

interface ComparableNumbers {
  readonly numbers: Float64Array | Int32Array;
  /** By number the value, where numbers are ranks; undefined where they are the values. */
  readonly values: readonly EngineValue[] | undefined;
}

/** The values themselves where doubles hold them, else their ranks. */
function comparableNumbers({ column, type }: WindowRows): ComparableNumbers {
  if (type === 'float64') {
    // minus zero counts as zero
    return { numbers: (column.values as Float64Array).map((value) => value + 0), values: undefined };
  }
  if (type === 'int64' || type === 'timestamp') {
    const numbers = int64Numbers(column.values as BigInt64Array, column.valid);
    if (numbers) return { numbers, values: undefined };
  }
  const { ofRow, values } = rankColumn(column, compareValues);
  return { numbers: ofRow, values };
}
