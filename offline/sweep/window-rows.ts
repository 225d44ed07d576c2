/** One window of one group with a column's values: what a function is evaluated over. */
import type { StoredType } from '../../contracts/values.ts';
import type { BlockColumn } from './event-block.ts';
import type { OrderTree } from './order-tree.ts';
import { ChangingRows } from './row-changes.ts';
import type { RowGroup } from './row-group.ts';
import { slide, type Sliding } from './slide.ts';
import type { Spans } from './spans.ts';

export interface WindowRows {
  readonly group: RowGroup;
  readonly spans: Spans;
  /** Position of the column among the group's inputs. */
  readonly input: number;
  readonly column: BlockColumn;
  readonly type: StoredType;
  /** By request, how many known rows of the span have a value. */
  readonly present: Int32Array;
}

/** By request, the number of known rows in the span, without those that `valid` calls null. */
export function countRows({ changes }: RowGroup, spans: Spans, valid: Uint8Array | undefined): Int32Array {
  const { starts, ends } = spans;
  if (!changes && !valid) return ends.map((end, request) => end - starts[request]!);
  const counter = new RowCounter(valid, ends.length);
  slide(spans, changes, counter);
  return counter.counts;
}

class RowCounter implements Sliding {
  readonly counts: Int32Array;
  readonly #valid: Uint8Array | undefined;
  #count = 0;

  constructor(valid: Uint8Array | undefined, requests: number) {
    this.counts = new Int32Array(requests);
    this.#valid = valid;
  }
  enter(row: number): void {
    this.#count += this.#valid?.[row] ?? 1;
  }
  leave(row: number): void {
    this.#count -= this.#valid?.[row] ?? 1;
  }
  read(request: number): void {
    this.counts[request] = this.#count;
  }
}

interface TreeKind {
  readonly identity: number;
  readonly name: string;
  new (leaves: Float64Array, begins: Int32Array): OrderTree;
}

/**
 * An order tree over `values`. Rows without a value, and rows that become known later, hold the identity. Without changes
 * the windows of a group share it.
 */
export function orderTree(
  { group, input, column: { valid } }: WindowRows,
  kind: TreeKind,
  values: ArrayLike<number>,
): OrderTree {
  const known = group.changes?.known;
  const build = (): OrderTree => {
    const leaves = new Float64Array(group.rows);
    for (let row = 0; row < leaves.length; row++) {
      const takesPart = (valid === undefined || valid[row] === 1) && (known === undefined || known[row] === 1);
      leaves[row] = takesPart ? values[row]! : kind.identity;
    }
    return new kind(leaves, group.begins);
  };
  return known ? build() : group.remember(`${kind.name} of ${input}`, build);
}

/**
 * Calls `read` for each request in order, after `change` for each row with a value that counts, or stops to count, from it
 * on: the way of order trees, whose leaves are set.
 */
export function visit(
  rows: WindowRows,
  change: (row: number, known: boolean) => void,
  read: (request: number) => void,
): void {
  const { changes } = rows.group;
  const { valid } = rows.column;
  const changing = changes && new ChangingRows(changes);
  const changeValue = (row: number, known: boolean): void => {
    if (valid === undefined || valid[row] === 1) change(row, known);
  };
  for (let request = 0; request < rows.present.length; request++) {
    changing?.take(request, changeValue);
    if (rows.present[request]! > 0) read(request);
  }
}
