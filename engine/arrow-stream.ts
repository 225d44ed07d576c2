/**
 * Columns of the engine as an Arrow IPC stream: a record batch for each batch of the engine, made from its typed arrays
 * without an object for each row. Nothing is written before it is asked for.
 */
import {
  Bool,
  DateDay,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
  type Data,
  type DataType,
} from 'apache-arrow';
import { arrowShape, type ArrowShape } from './arrow-shape.ts';
import type { BatchColumn, ColumnBatch, EngineValue } from './engine.ts';

export const ARROW_STREAM = 'application/vnd.apache.arrow.stream';

export interface ArrowColumn {
  readonly name: string;
  /** The engine's, of the column before `arrowSql`. */
  readonly type: string;
}

/** Text of one record batch: its offsets are 32-bit. A batch with more is halved. */
const MOST_TEXT = 256 * 1024 * 1024;

/** `batches` have the columns in order, read through `arrowSql`. Yields the bytes of each message as one chunk. */
export async function* arrowStream(
  columns: readonly ArrowColumn[],
  batches: AsyncIterable<ColumnBatch>,
): AsyncGenerator<Uint8Array> {
  const shapes = columns.map(({ type }) => arrowShape(type));
  const fields = columns.map(({ name }, index) => new Field(name, typeOf(shapes[index]!), true));
  const schema = new Schema(fields);
  const writer = new MessageWriter({ autoDestroy: false });
  writer.reset(undefined, schema);
  yield writer.take();
  for await (const batch of batches) {
    for (const part of withBoundedText(batch)) {
      const children = part.columns.map((column, index) =>
        dataOf(shapes[index]!, column.values, column.valid, part.rows),
      );
      const data = makeData({ type: new Struct(fields), length: part.rows, nullCount: 0, children });
      writer.write(new RecordBatch(schema, data));
      yield writer.take();
    }
  }
  writer.finish();
  yield writer.take();
}

/** Keeps the bytes here, to be taken, in place of a queue that grows as fast as the writer writes. */
class MessageWriter extends RecordBatchStreamWriter {
  #chunks: Uint8Array[] = [];

  take(): Uint8Array {
    const chunks = this.#chunks;
    this.#chunks = [];
    return Buffer.concat(chunks);
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (this._started && chunk.byteLength > 0) {
      this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      this._position += chunk.byteLength;
    }
    return this;
  }
}

function typeOf(shape: ArrowShape): DataType {
  switch (shape.kind) {
    case 'boolean':
      return new Bool();
    case 'int32':
      return new Int32();
    case 'int64':
      return new Int64();
    case 'float32':
      return new Float32();
    case 'float64':
      return new Float64();
    case 'text':
      return new Utf8();
    case 'timestamp':
      return new TimestampMicrosecond('UTC');
    case 'date':
      return new DateDay();
    case 'list':
      return new List(new Field('item', typeOf(shape.item), true));
    case 'vector':
      return new FixedSizeList(shape.length, new Field('item', typeOf(shape.item), true));
  }
}

type Values = BatchColumn['values'];

function dataOf(shape: ArrowShape, values: Values, valid: Uint8Array | undefined, rows: number): Data {
  const type = typeOf(shape);
  const nulls = valid === undefined ? { nullCount: 0 } : packNulls(valid, rows);
  const common = { length: rows, ...nulls };
  switch (shape.kind) {
    case 'boolean':
      return makeData({ type: type as Bool, ...common, data: packBits(rows, (row) => values[row] === true) });
    case 'int32':
    case 'date':
      return makeData({ type: type as Int32, ...common, data: numbers(values, valid, rows, Int32Array) });
    case 'float32':
      return makeData({ type: type as Float32, ...common, data: numbers(values, valid, rows, Float32Array) });
    case 'float64':
      return makeData({ type: type as Float64, ...common, data: numbers(values, valid, rows, Float64Array) });
    case 'int64':
    case 'timestamp':
      return makeData({ type: type as Int64, ...common, data: longNumbers(values, valid, rows) });
    case 'text':
      return makeData({ type: type as Utf8, ...common, ...texts(values, valid, rows) });
    case 'list': {
      const { valueOffsets, items } = flatten(values, valid, rows);
      return makeData({ type: type as List, ...common, valueOffsets, child: itemsOf(shape.item, items) });
    }
    case 'vector': {
      const nothing = new Array<EngineValue>(shape.length).fill(null);
      const items = Array.from({ length: rows }, (_, row) =>
        valid?.[row] === 0 ? nothing : (values[row] as readonly EngineValue[]),
      ).flat();
      return makeData({ type: type as FixedSizeList, ...common, child: itemsOf(shape.item, items) });
    }
  }
}

/** Items of lists: plain values, nulls among them. */
function itemsOf(shape: ArrowShape, items: readonly EngineValue[]): Data {
  const valid = items.includes(null) ? Uint8Array.from(items, (item) => (item === null ? 0 : 1)) : undefined;
  return dataOf(shape, items, valid, items.length);
}

function packNulls(valid: Uint8Array, rows: number): { readonly nullCount: number; readonly nullBitmap: Uint8Array } {
  let nullCount = 0;
  for (let row = 0; row < rows; row++) nullCount += 1 - valid[row]!;
  return { nullCount, nullBitmap: packBits(rows, (row) => valid[row] === 1) };
}

function packBits(rows: number, isSet: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array((rows + 7) >> 3);
  for (let row = 0; row < rows; row++) if (isSet(row)) bits[row >> 3]! |= 1 << (row & 7);
  return bits;
}

function numbers<A extends Int32Array | Float32Array | Float64Array>(
  values: Values,
  valid: Uint8Array | undefined,
  rows: number,
  Kind: { new (length: number): A },
): A {
  if (values instanceof Kind) return values;
  const array = new Kind(rows);
  for (let row = 0; row < rows; row++) if (valid?.[row] !== 0) array[row] = Number(values[row]);
  return array;
}

function longNumbers(values: Values, valid: Uint8Array | undefined, rows: number): BigInt64Array {
  if (values instanceof BigInt64Array) return values;
  const array = new BigInt64Array(rows);
  for (let row = 0; row < rows; row++) if (valid?.[row] !== 0) array[row] = BigInt(values[row] as bigint);
  return array;
}

interface Texts {
  readonly valueOffsets: Int32Array;
  readonly data: Uint8Array;
}

function texts(values: Values, valid: Uint8Array | undefined, rows: number): Texts {
  const encoded = new Array<Buffer>(rows);
  const valueOffsets = new Int32Array(rows + 1);
  const nothing = Buffer.alloc(0);
  for (let row = 0; row < rows; row++) {
    const bytes = valid?.[row] === 0 ? nothing : Buffer.from(String(values[row]));
    encoded[row] = bytes;
    valueOffsets[row + 1] = valueOffsets[row]! + bytes.length;
  }
  return { valueOffsets, data: Buffer.concat(encoded) };
}

function flatten(values: Values, valid: Uint8Array | undefined, rows: number) {
  const valueOffsets = new Int32Array(rows + 1);
  const items: EngineValue[] = [];
  for (let row = 0; row < rows; row++) {
    if (valid?.[row] !== 0) for (const item of values[row] as readonly EngineValue[]) items.push(item);
    valueOffsets[row + 1] = items.length;
  }
  return { valueOffsets, items };
}

function* withBoundedText(batch: ColumnBatch): Generator<ColumnBatch> {
  if (batch.rows <= 1 || textOf(batch) <= MOST_TEXT) {
    yield batch;
    return;
  }
  const half = batch.rows >> 1;
  yield* withBoundedText(slice(batch, 0, half));
  yield* withBoundedText(slice(batch, half, batch.rows));
}

/** At most the bytes of its texts, three for each UTF-16 unit. */
function textOf({ columns }: ColumnBatch): number {
  const length = (value: EngineValue): number => {
    if (typeof value === 'string') return value.length * 3;
    return Array.isArray(value)
      ? (value as readonly EngineValue[]).reduce<number>((sum, item) => sum + length(item), 0)
      : 0;
  };
  const most = columns.map(({ values }) => (Array.isArray(values) ? length(values as readonly EngineValue[]) : 0));
  return Math.max(0, ...most);
}

function slice({ columns }: ColumnBatch, from: number, to: number): ColumnBatch {
  return {
    rows: to - from,
    columns: columns.map(({ name, values, valid }) => ({
      name,
      values: values.slice(from, to),
      valid: valid?.slice(from, to),
    })),
  };
}
