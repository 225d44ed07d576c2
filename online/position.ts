/**
 * How far the values of a view go: the rows of one source snapshot that were due at one instant. Twelve bytes, compared
 * inside Redis: snapshot, then instant.
 */
import { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import type { Micros } from '../contracts/time.ts';
import { readWide, writeWide } from './order-bytes.ts';

export interface Position {
  readonly snapshot: number;
  readonly to: Micros;
}

/** Negative when `left` is older, zero when they are the same. */
export function comparePositions(left: Position, right: Position): number {
  if (left.snapshot !== right.snapshot) return left.snapshot - right.snapshot;
  return left.to < right.to ? -1 : left.to > right.to ? 1 : 0;
}

export function writePosition(writer: ByteWriter, position: Position): void {
  writer.bigEndian(position.snapshot, 4);
  writeWide(writer, position.to);
}

export function readPosition(reader: ByteReader): Position {
  return { snapshot: reader.bigEndian(4), to: readWide(reader) };
}

export function encodePosition(position: Position): Uint8Array {
  const writer = new ByteWriter();
  writePosition(writer, position);
  return writer.finish();
}

export function decodePosition(bytes: Uint8Array): Position {
  return readPosition(new ByteReader(bytes));
}
