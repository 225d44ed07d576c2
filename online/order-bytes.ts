/**
 * The total order of a key's rows, (event, created with null first, sequence), as bytes that a script inside Redis
 * compares. An ordinary order takes 11 bytes, 18 with `created`; instants beyond ±2^53 microseconds and sequences from
 * 2^32 on take the wide form of 16 or 24.
 */
import type { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import type { RowOrder } from '../aggregates/row-order.ts';
import type { Micros } from '../contracts/time.ts';

/** Flags of a state's first byte that say how its order is written. */
const ORDER_HAS_CREATED = 2;
const ORDER_IS_WIDE = 4;

const TWO_32 = 2 ** 32;
const NARROW_INSTANT_BIAS = 2 ** 23;
const NARROW_INSTANT_LIMIT = 2n ** 53n;
const NARROW_SEQUENCE_LIMIT = 2n ** 32n;
const WIDE_BIAS = 2n ** 63n;
/** Of the upper half of a narrow instant. */
const NARROW_HIGH = 2 ** 21;
const SIGN = -(2 ** 31);

/** The flags under which `writeOrder` will write this order. */
export function orderFlags(order: RowOrder): number {
  const narrow =
    isNarrowInstant(order.event) &&
    (order.created === null || isNarrowInstant(order.created)) &&
    order.sequence < NARROW_SEQUENCE_LIMIT;
  return (narrow ? 0 : ORDER_IS_WIDE) | (order.created === null ? 0 : ORDER_HAS_CREATED);
}

export function writeOrder(writer: ByteWriter, order: RowOrder, flags: number): void {
  const wide = (flags & ORDER_IS_WIDE) !== 0;
  const writeInstant = wide ? writeWide : writeNarrowInstant;
  writeInstant(writer, order.event);
  if (order.created !== null) writeInstant(writer, order.created);
  if (wide) writeWide(writer, order.sequence);
  else writer.bigEndian(Number(order.sequence), 4);
}

export function readOrder(reader: ByteReader, flags: number): RowOrder {
  const wide = (flags & ORDER_IS_WIDE) !== 0;
  const readInstant = wide ? readWide : readNarrowInstant;
  return {
    event: readInstant(reader),
    created: (flags & ORDER_HAS_CREATED) === 0 ? null : readInstant(reader),
    sequence: wide ? readWide(reader) : BigInt(reader.bigEndian(4)),
  };
}

/** Orders of a batch, by the lower and upper half of each number in turn. */
export interface OrderHalves {
  readonly event: Int32Array;
  readonly created: Int32Array;
  /** One byte a row, 0 for a row without a created time; undefined when every row has one. */
  readonly hasCreated: Uint8Array | undefined;
  readonly sequence: Int32Array;
}

/** `orderFlags` of a row. */
export function orderFlagsAt({ event, created, hasCreated, sequence }: OrderHalves, row: number): number {
  const isCreated = hasCreated?.[row] !== 0;
  const narrow = isNarrowAt(event, row) && (!isCreated || isNarrowAt(created, row)) && sequence[2 * row + 1] === 0;
  return (narrow ? 0 : ORDER_IS_WIDE) | (isCreated ? ORDER_HAS_CREATED : 0);
}

/** Writes what `writeOrder` would. */
export function writeOrderAt(writer: ByteWriter, halves: OrderHalves, row: number, flags: number): void {
  const wide = (flags & ORDER_IS_WIDE) !== 0;
  const writeHalves = wide ? writeWideAt : writeNarrowAt;
  writeHalves(writer, halves.event, row);
  if (flags & ORDER_HAS_CREATED) writeHalves(writer, halves.created, row);
  if (wide) writeWideAt(writer, halves.sequence, row);
  else writer.bigEndian(halves.sequence[2 * row]! >>> 0, 4);
}

function isNarrowAt(halves: Int32Array, row: number): boolean {
  const high = halves[2 * row + 1]!;
  // the least of the lowest range is -2^53 itself
  return high < NARROW_HIGH && (high > -NARROW_HIGH || (high === -NARROW_HIGH && halves[2 * row] !== 0));
}

function writeNarrowAt(writer: ByteWriter, halves: Int32Array, row: number): void {
  writer.bigEndian(halves[2 * row + 1]! + NARROW_INSTANT_BIAS, 3);
  writer.bigEndian(halves[2 * row]! >>> 0, 4);
}

function writeWideAt(writer: ByteWriter, halves: Int32Array, row: number): void {
  writer.bigEndian((halves[2 * row + 1]! ^ SIGN) >>> 0, 4);
  writer.bigEndian(halves[2 * row]! >>> 0, 4);
}

function isNarrowInstant(instant: Micros): boolean {
  return instant < NARROW_INSTANT_LIMIT && instant > -NARROW_INSTANT_LIMIT;
}

function writeNarrowInstant(writer: ByteWriter, instant: Micros): void {
  const value = Number(instant);
  const high = Math.floor(value / TWO_32);
  writer.bigEndian(high + NARROW_INSTANT_BIAS, 3);
  writer.bigEndian(value - high * TWO_32, 4);
}

function readNarrowInstant(reader: ByteReader): Micros {
  const high = reader.bigEndian(3) - NARROW_INSTANT_BIAS;
  return BigInt(high * TWO_32 + reader.bigEndian(4));
}

/** Any 64-bit integer, biased so that unsigned words compare as the integers do. */
export function writeWide(writer: ByteWriter, value: bigint): void {
  const biased = value + WIDE_BIAS;
  writer.bigEndian(Number(biased >> 32n), 4);
  writer.bigEndian(Number(biased & 0xffff_ffffn), 4);
}

export function readWide(reader: ByteReader): bigint {
  const high = BigInt(reader.bigEndian(4));
  return ((high << 32n) | BigInt(reader.bigEndian(4))) - WIDE_BIAS;
}
