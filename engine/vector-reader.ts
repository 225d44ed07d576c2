/** Values out of DuckDB's vectors: typed arrays where a column is numeric, plain values otherwise. */
import {
  DuckDBArrayValue,
  DuckDBBigIntVector,
  DuckDBDecimalValue,
  DuckDBDoubleVector,
  DuckDBIntegerVector,
  DuckDBListValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimestampVector,
  type DuckDBDataChunk,
  type DuckDBValue,
  type DuckDBVector,
} from '@duckdb/node-api';
import type { BatchColumn, EngineValue } from './engine.ts';

/**
 * What the vector classes hold privately. Reading the arrays themselves costs a hundredth of a `getItem` call per row;
 * the binding copies them out of DuckDB's memory, so they stay valid after the chunk is gone.
 */
interface VectorContents<Items> {
  readonly items: Items;
  readonly validity: { readonly data: BigUint64Array | null };
}

/** One column of a chunk. */
export function readColumn(chunk: DuckDBDataChunk, index: number, name: string): BatchColumn {
  const vector = chunk.getColumnVector(index);
  if (vector instanceof DuckDBBigIntVector || vector instanceof DuckDBTimestampVector)
    return typedColumn<BigInt64Array>(name, vector);
  if (vector instanceof DuckDBDoubleVector) return typedColumn<Float64Array>(name, vector);
  if (vector instanceof DuckDBIntegerVector) return typedColumn<Int32Array>(name, vector);
  return plainColumn(name, vector);
}

function typedColumn<Items extends BigInt64Array | Float64Array | Int32Array>(
  name: string,
  vector: DuckDBVector,
): BatchColumn {
  const { items, validity } = vector as unknown as VectorContents<Items>;
  return { name, values: items, valid: validity.data === null ? undefined : expandBits(validity.data, items.length) };
}

/** A byte for each bit; undefined when all bits are set. */
function expandBits(words: BigUint64Array, count: number): Uint8Array | undefined {
  const bits = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  if (allSet(bits, count)) return undefined;
  const valid = new Uint8Array(count);
  for (let row = 0; row < count; row++) valid[row] = (bits[row >> 3]! >> (row & 7)) & 1;
  return valid;
}

function allSet(bits: Uint8Array, count: number): boolean {
  const whole = count >> 3;
  for (let byte = 0; byte < whole; byte++) if (bits[byte] !== 0xff) return false;
  const rest = (1 << (count & 7)) - 1;
  return rest === 0 || (bits[whole]! & rest) === rest;
}

function plainColumn(name: string, vector: DuckDBVector): BatchColumn {
  const count = vector.itemCount;
  const values = new Array<EngineValue>(count);
  let valid: Uint8Array | undefined;
  for (let row = 0; row < count; row++) {
    const value = plainValue(vector.getItem(row));
    values[row] = value;
    if (value === null) {
      valid ??= new Uint8Array(count).fill(1);
      valid[row] = 0;
    }
  }
  return { name, values, valid };
}

/** A DuckDB value as an `EngineValue`. Types without a counterpart, such as DATE or STRUCT, become their text. */
function plainValue(value: DuckDBValue): EngineValue {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(plainValue);
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  if (value instanceof DuckDBTimestampSecondsValue) return value.seconds * 1_000_000n;
  if (value instanceof DuckDBTimestampMillisecondsValue) return value.millis * 1000n;
  if (value instanceof DuckDBTimestampNanosecondsValue) return value.nanos / 1000n;
  return value.toString();
}

/** The value of one row of a column. */
export function cellOf(column: BatchColumn, row: number): EngineValue {
  return column.valid?.[row] === 0 ? null : column.values[row]!;
}
