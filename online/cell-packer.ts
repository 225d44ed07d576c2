/** Cells of the engine's columns as bytes, without a value of their own for each: what `writeValue` would write. */
import type { ByteWriter } from '../aggregates/bytes.ts';
import { writeValue } from '../aggregates/value-codec.ts';
import type { StoredType } from '../contracts/values.ts';
import type { BatchColumn } from '../engine/engine.ts';

/** Writes the cell of a row. It is not null. */
export type CellPacker = (writer: ByteWriter, row: number) => void;

const TWO_32 = 2 ** 32;
/** Upper halves of integers whose double is a safe integer. */
const SAFE_HIGH = 2 ** 20;

/** The packer of one column of a batch, by the column's type. */
export function packCells(type: StoredType, column: BatchColumn): CellPacker {
  const { values } = column;
  if (type === 'float64' && values instanceof Float64Array) return (writer, row) => writer.double(values[row]!);
  if (values instanceof BigInt64Array) {
    const halves = halvesOf(values);
    return (writer, row) => {
      const low = halves[2 * row]!;
      const high = halves[2 * row + 1]!;
      if (high >= SAFE_HIGH || high < -SAFE_HIGH) return writer.integer(values[row]!);
      const value = high * TWO_32 + (low >>> 0);
      writer.count(value < 0 ? -2 * value - 1 : 2 * value);
    };
  }
  return (writer, row) => writeValue(writer, type, values[row]!);
}

/**
 * Lower and upper half of each in turn: a bigint is an object, and costs more than all else that is done with it. The
 * engine runs on little-endian machines only.
 */
export function halvesOf(values: BigInt64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}
