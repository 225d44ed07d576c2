/** Sums and means. Integers slide, exactly; floats go through an order tree, so that nothing cancels. */
import { requireInt64, type Naming } from '../../aggregates/integer-sum.ts';
import { int64Numbers } from '../int64-numbers.ts';
import { SumTree } from './order-tree.ts';
import type { ResultColumn } from './result-column.ts';
import { slide, type Sliding } from './slide.ts';
import { orderTree, visit, type WindowRows } from './window-rows.ts';

/** Throws `INTEGER_OVERFLOW` when an answer leaves the range of int64. */
export function evaluateSum(rows: WindowRows, naming: Naming, result: ResultColumn): void {
  const { present } = rows;
  if (rows.type === 'float64') {
    const totals = sumFloats(rows);
    for (let request = 0; request < totals.length; request++) {
      if (present[request]! > 0) result.setNumber(request, totals[request]!);
    }
    return;
  }
  sumIntegers(rows).forEach((total, request) => {
    if (present[request] === 0) return;
    result.setValue(request, typeof total === 'bigint' ? requireInt64(total, naming) : total);
  });
}

export function evaluateMean(rows: WindowRows, result: ResultColumn): void {
  const totals = rows.type === 'float64' ? sumFloats(rows) : sumIntegers(rows);
  rows.present.forEach((count, request) => {
    if (count > 0) result.setNumber(request, Number(totals[request]!) / count);
  });
}

/** By request. */
function sumFloats(rows: WindowRows): Float64Array {
  const values = rows.column.values as Float64Array;
  const tree = orderTree(rows, SumTree, values);
  const { begins, starts, ends } = rows.spans;
  const totals = new Float64Array(ends.length);
  visit(
    rows,
    (row, known) => tree.set(row, known ? values[row]! : tree.identity),
    (request) => {
      totals[request] = tree.query(begins[request]!, starts[request]!, ends[request]!);
    },
  );
  return totals;
}

/** By request, exact: numbers when no sum of the block's values can leave ±2^53. */
function sumIntegers({ group, spans, input, column }: WindowRows): Float64Array | readonly bigint[] {
  const values = column.values as BigInt64Array;
  const numbers = group.remember(`summable ${input}`, () => summableNumbers(values, column.valid));
  const total = numbers
    ? new NumberTotal(numbers, spans.ends.length)
    : new BigintTotal(values, column.valid, spans.ends.length);
  slide(spans, group.changes, total);
  return total.totals;
}

/** The values as doubles, null as 0; undefined when a sum of them might not be exact. */
function summableNumbers(values: BigInt64Array, valid: Uint8Array | undefined): Float64Array | undefined {
  const numbers = int64Numbers(values, valid);
  if (!numbers) return undefined;
  let greatest = 0;
  for (let row = 0; row < numbers.length; row++) greatest = Math.max(greatest, Math.abs(numbers[row]!));
  return greatest * numbers.length <= Number.MAX_SAFE_INTEGER ? numbers : undefined;
}

class NumberTotal implements Sliding {
  readonly totals: Float64Array;
  readonly #numbers: Float64Array;
  #total = 0;

  constructor(numbers: Float64Array, requests: number) {
    this.#numbers = numbers;
    this.totals = new Float64Array(requests);
  }
  enter(row: number): void {
    this.#total += this.#numbers[row]!;
  }
  leave(row: number): void {
    this.#total -= this.#numbers[row]!;
  }
  read(request: number): void {
    this.totals[request] = this.#total;
  }
}

class BigintTotal implements Sliding {
  readonly totals: bigint[];
  readonly #values: BigInt64Array;
  readonly #valid: Uint8Array | undefined;
  #total = 0n;

  constructor(values: BigInt64Array, valid: Uint8Array | undefined, requests: number) {
    this.#values = values;
    this.#valid = valid;
    this.totals = new Array<bigint>(requests);
  }
  enter(row: number): void {
    if (this.#valid?.[row] !== 0) this.#total += this.#values[row]!;
  }
  leave(row: number): void {
    if (this.#valid?.[row] !== 0) this.#total -= this.#values[row]!;
  }
  read(request: number): void {
    this.totals[request] = this.#total;
  }
}
