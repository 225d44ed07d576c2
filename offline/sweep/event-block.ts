/**
 * The sorted events as blocks of whole keys. A block is what the sweep works on at once: a least number of events unless the
 * stream ends, and never a part of a key. So memory holds one block, and a key with more events is a block alone.
 */
import type { BatchColumn, ColumnBatch, EngineValue } from '../../engine/engine.ts';
import type { SweepInput, SweepPlan } from './sweep-plan.ts';

/** Room that a column starts with. */
const FIRST_ROWS = 4096;

/** Values by row as the engine gives them, all rows of the block in one array. */
export interface BlockColumn {
  readonly values: BigInt64Array | Float64Array | Int32Array | readonly EngineValue[];
  /** One byte a row, 0 for null; undefined when no row is null. */
  readonly valid: Uint8Array | undefined;
}

export interface EventBlock {
  readonly rows: number;
  /** Numbers of the keys, ascending. */
  readonly keys: readonly number[];
  /** By key its first row; one more entry than keys, the last being `rows`. */
  readonly begins: readonly number[];
  readonly event: BigInt64Array;
  readonly created: BlockColumn | undefined;
  /** Microseconds from which a row does not count any more; null for one that counts for good. */
  readonly until: BlockColumn | undefined;
  /** By position those of the plan. */
  readonly inputs: readonly BlockColumn[];
  /** By position the plan's groups with a filter: 1 where the row passes. */
  readonly filters: readonly Int32Array[];
}

/** Cuts the batches of `eventsSql` into blocks of at least `leastRows`. */
export async function* readBlocks(
  batches: AsyncIterable<ColumnBatch>,
  plan: SweepPlan,
  leastRows: number,
): AsyncGenerator<EventBlock> {
  let builder = new BlockBuilder(plan);
  for await (const batch of batches) {
    const keys = batch.columns[0]!.values as Int32Array;
    let taken = 0;
    for (let row = 0; row < batch.rows; row++) {
      const key = keys[row]!;
      if (key === builder.lastKey) continue;
      builder.take(batch, taken, row);
      taken = row;
      if (builder.rows >= leastRows) {
        yield builder.finish();
        builder = new BlockBuilder(plan);
      }
      builder.startKey(key);
    }
    builder.take(batch, taken, batch.rows);
  }
  if (builder.rows > 0) yield builder.finish();
}

/** A block without events, for the keys that have none. */
export function emptyBlock(plan: SweepPlan): EventBlock {
  return {
    rows: 0,
    keys: [],
    begins: [0],
    event: new BigInt64Array(0),
    created: plan.hasCreated ? NO_TIMES : undefined,
    until: plan.hasUntil ? NO_TIMES : undefined,
    inputs: plan.inputs.map((input) => ({ values: noValues(input), valid: undefined })),
    filters: plan.groups.filter(({ filter }) => filter.length > 0).map(() => new Int32Array(0)),
  };
}

const NO_TIMES: BlockColumn = { values: new BigInt64Array(0), valid: undefined };

function noValues({ kind, type }: SweepInput): BlockColumn['values'] {
  if (kind === 'hash' || type === 'int64' || type === 'timestamp') return new BigInt64Array(0);
  return type === 'float64' ? new Float64Array(0) : [];
}

class BlockBuilder {
  rows = 0;
  lastKey = -1;
  readonly #plan: SweepPlan;
  readonly #keys: number[] = [];
  readonly #begins: number[] = [];
  readonly #columns: ColumnBuilder[] = [];

  constructor(plan: SweepPlan) {
    this.#plan = plan;
  }

  startKey(key: number): void {
    this.lastKey = key;
    this.#keys.push(key);
    this.#begins.push(this.rows);
  }

  take(batch: ColumnBatch, from: number, to: number): void {
    if (from === to) return;
    for (let index = 1; index < batch.columns.length; index++) {
      const builder = (this.#columns[index - 1] ??= new ColumnBuilder());
      builder.take(batch.columns[index]!, from, to, this.rows);
    }
    this.rows += to - from;
  }

  finish(): EventBlock {
    const [event, ...rest] = this.#columns.map((column) => column.finish(this.rows));
    const firstUntil = this.#plan.hasCreated ? 1 : 0;
    const firstInput = firstUntil + (this.#plan.hasUntil ? 1 : 0);
    const firstFilter = firstInput + this.#plan.inputs.length;
    return {
      rows: this.rows,
      keys: this.#keys,
      begins: [...this.#begins, this.rows],
      event: event!.values as BigInt64Array,
      created: this.#plan.hasCreated ? rest[0] : undefined,
      until: this.#plan.hasUntil ? rest[firstUntil] : undefined,
      inputs: rest.slice(firstInput, firstFilter),
      filters: rest.slice(firstFilter).map(({ values }) => values as Int32Array),
    };
  }
}

type TypedValues = BigInt64Array | Float64Array | Int32Array;

/** A column that grows by doubling. */
class ColumnBuilder {
  #typed: TypedValues | undefined;
  readonly #plain: EngineValue[] = [];
  #valid: Uint8Array | undefined;

  take({ values, valid }: BatchColumn, from: number, to: number, rows: number): void {
    if (isTyped(values)) {
      this.#typed = grow(this.#typed ?? sameKind(values, FIRST_ROWS), rows, rows + to - from);
      copy(this.#typed, values.subarray(from, to), rows);
    } else {
      for (let row = from; row < to; row++) this.#plain.push(values[row]!);
    }
    if (valid === undefined && this.#valid === undefined) return;
    this.#valid = growBytes(this.#valid ?? new Uint8Array(FIRST_ROWS).fill(1), rows, rows + to - from);
    if (valid) this.#valid.set(valid.subarray(from, to), rows);
  }

  finish(rows: number): BlockColumn {
    return { values: this.#typed?.subarray(0, rows) ?? this.#plain, valid: this.#valid?.subarray(0, rows) };
  }
}

function isTyped(values: BatchColumn['values']): values is TypedValues {
  return ArrayBuffer.isView(values);
}

function sameKind(values: TypedValues, length: number): TypedValues {
  if (values instanceof BigInt64Array) return new BigInt64Array(length);
  return values instanceof Float64Array ? new Float64Array(length) : new Int32Array(length);
}

function copy(target: TypedValues, source: TypedValues, at: number): void {
  (target as Float64Array).set(source as Float64Array, at);
}

function grow(values: TypedValues, used: number, needed: number): TypedValues {
  if (needed <= values.length) return values;
  const grown = sameKind(values, Math.max(values.length * 2, needed));
  copy(grown, values.subarray(0, used), 0);
  return grown;
}

function growBytes(bytes: Uint8Array, used: number, needed: number): Uint8Array {
  if (needed <= bytes.length) return bytes;
  const grown = new Uint8Array(Math.max(bytes.length * 2, needed)).fill(1);
  grown.set(bytes.subarray(0, used));
  return grown;
}
