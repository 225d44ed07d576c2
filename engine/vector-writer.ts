/** Columns of values into DuckDB data chunks. */
import {
  DuckDBArrayValue,
  DuckDBBigIntVector,
  DuckDBDataChunk,
  DuckDBDoubleVector,
  DuckDBIntegerVector,
  DuckDBListValue,
  DuckDBTimestampValue,
  DuckDBTimestampVector,
  DuckDBTypeId,
  type DuckDBType,
  type DuckDBValue,
  type DuckDBVector,
} from '@duckdb/node-api';
import type { AppendColumn, EngineValue } from './engine.ts';

/** Rows in a chunk: DuckDB's own vector size. */
export const CHUNK_ROWS = 2048;

/** A chunk of the rows `start` to `start + count` of the columns. */
export function fillChunk(
  types: readonly DuckDBType[],
  columns: readonly AppendColumn[],
  start: number,
  count: number,
): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(types, count);
  columns.forEach((column, index) => fillVector(chunk.getColumnVector(index), types[index]!, column, start, count));
  return chunk;
}

function fillVector(vector: DuckDBVector, type: DuckDBType, column: AppendColumn, start: number, count: number): void {
  const { values, valid } = column;
  if (!copyTyped(vector, values, start, count)) {
    const plain = values as ArrayLike<EngineValue>;
    for (let row = 0; row < count; row++) vector.setItem(row, duckValue(plain[start + row] ?? null, type));
  }
  if (valid) {
    for (let row = 0; row < count; row++) if (valid[start + row] === 0) vector.setItem(row, null);
  }
  vector.flush();
}

/** Copies a typed array as a whole when the vector holds the same kind of number. */
function copyTyped(vector: DuckDBVector, values: AppendColumn['values'], start: number, count: number): boolean {
  const fits =
    (values instanceof BigInt64Array &&
      (vector instanceof DuckDBBigIntVector || vector instanceof DuckDBTimestampVector)) ||
    (values instanceof Float64Array && vector instanceof DuckDBDoubleVector) ||
    (values instanceof Int32Array && vector instanceof DuckDBIntegerVector);
  if (!fits) return false;
  const { items } = vector as unknown as { readonly items: { set(source: typeof values): void } };
  items.set(values.subarray(start, start + count));
  return true;
}

/** An engine value as DuckDB's value of a type: `bigint` microseconds for timestamps, whole numbers for BIGINT. */
export function duckValue(value: EngineValue, type: DuckDBType): DuckDBValue {
  if (value === null) return null;
  switch (type.typeId) {
    case DuckDBTypeId.TIMESTAMP:
      return new DuckDBTimestampValue(BigInt(value as bigint));
    case DuckDBTypeId.BIGINT:
      return BigInt(value as bigint | number);
    case DuckDBTypeId.LIST: {
      const { valueType } = type;
      return new DuckDBListValue((value as readonly EngineValue[]).map((item) => duckValue(item, valueType)));
    }
    case DuckDBTypeId.ARRAY: {
      const { valueType } = type;
      return new DuckDBArrayValue((value as readonly EngineValue[]).map((item) => duckValue(item, valueType)));
    }
    default:
      return value as DuckDBValue;
  }
}
