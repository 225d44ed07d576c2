/** Sums and means. Integers slide, exactly; floats go through an order tree, so that nothing cancels. */
import { requireInt64, type Naming } from '../../aggregates/integer-sum.ts';
import { int64Numbers } from './int64-numbers.ts';
import { ADD, NumberTree } from './number-tree.ts';
import type { ResultColumn } from './result-column.ts';
import { slide } from './slide.ts';
import { isReady, visit, type WindowRows } from './window-rows.ts';

/** Throws `INTEGER_OVERFLOW` when an answer leaves the range of int64. */
export function evaluateSum(rows: WindowRows, naming: Naming, result: ResultColumn): void {
  if (rows.type === 'float64') {
    sumFloats(rows, (request, total) => result.setNumber(request, total));
  } else {
    sumIntegers(rows, (request, total) =>
      typeof total === 'number'
        ? result.setNumber(request, total)
        : result.setValue(request, requireInt64(total, naming)),
    );
  }
}

export function evaluateMean(rows: WindowRows, result: ResultColumn): void {
  const sum = rows.type === 'float64' ? sumFloats : sumIntegers;
  sum(rows, (request, total) => result.setNumber(request, Number(total) / rows.present[request]!));
}

function sumFloats(rows: WindowRows, answer: (request: number, total: number) => void): void {
  const values = rows.column.values as Float64Array;
  const tree = new NumberTree(rows.group.rows, ADD, (row) => (isReady(rows, row) ? values[row]! : 0));
  const { starts, ends } = rows.spans;
  visit(
    rows,
    (row) => tree.set(row, values[row]!),
    (request) => {
      if (rows.present[request]! > 0) answer(request, tree.query(starts[request]!, ends[request]!));
    },
  );
}

function sumIntegers(rows: WindowRows, answer: (request: number, total: number | bigint) => void): void {
  const numbers = summableNumbers(rows);
  if (numbers) slideNumbers(rows, numbers, answer);
  else slideBigints(rows, answer);
}

/** The column as doubles when no sum of its values can leave ±2^53; null is 0. */
function summableNumbers({ column, group }: WindowRows): Float64Array | undefined {
  const numbers = int64Numbers(column.values as BigInt64Array, column.valid);
  if (!numbers) return undefined;
  let greatest = 0;
  for (const number of numbers) greatest = Math.max(greatest, Math.abs(number));
  return greatest * group.rows <= Number.MAX_SAFE_INTEGER ? numbers : undefined;
}

function slideNumbers(
  { spans, group, present }: WindowRows,
  numbers: Float64Array,
  answer: (request: number, total: number) => void,
): void {
  let total = 0;
  slide(spans, group.late, {
    enter: (row) => void (total += numbers[row]!),
    leave: (row) => void (total -= numbers[row]!),
    read: (request) => {
      if (present[request]! > 0) answer(request, total);
    },
  });
}

function slideBigints(
  { spans, group, column, present }: WindowRows,
  answer: (request: number, total: bigint) => void,
): void {
  const values = column.values as BigInt64Array;
  const { valid } = column;
  let total = 0n;
  slide(spans, group.late, {
    enter: (row) => {
      if (valid?.[row] !== 0) total += values[row]!;
    },
    leave: (row) => {
      if (valid?.[row] !== 0) total -= values[row]!;
    },
    read: (request) => {
      if (present[request]! > 0) answer(request, total);
    },
  });
}
