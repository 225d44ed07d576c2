/**
 * An entity key as bytes. A view's key columns and their types are fixed by its version, so each part is written
 * without a tag but so that its end is known: two different tuples never share bytes, whatever characters they hold.
 */
import { createHash } from 'node:crypto';
import { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import { readValue, writeValue } from '../aggregates/value-codec.ts';
import type { ScalarType } from '../contracts/values.ts';
import type { BatchColumn, EngineValue } from '../engine/engine.ts';
import { packCells } from './cell-packer.ts';

/** Encodings above this many bytes are replaced by their SHA-256, so that a long key cannot fill the store. */
export const LONGEST_LITERAL_KEY = 200;

/** Marks of the two forms: a literal encoding can never equal a hashed one. */
const LITERAL = 0x3d; // =
const HASHED = 0x23; // #

/** By position a view's keys, in the engine's form: timestamps are microseconds. */
export type EntityKey = readonly EngineValue[];

export interface KeyEncoder {
  /** The bytes of a key without nulls, its parts of the declared types. */
  encode(key: EntityKey): Uint8Array;
  /** The key of such bytes; undefined for a long one, of which only the hash is there. Throws a `RangeError` for other bytes. */
  decode(bytes: Uint8Array): EntityKey | undefined;
}

/** The encoder of a view's keys, by the types of its key columns in order. */
export function createKeyEncoder(types: readonly ScalarType[]): KeyEncoder {
  const writer = new ByteWriter();
  return {
    encode(key) {
      writer.clear();
      writer.byte(LITERAL);
      types.forEach((type, index) => writeValue(writer, type, canonical(key[index]!)));
      return shorten(writer.finish());
    },
    decode(bytes) {
      const reader = new ByteReader(bytes);
      return reader.byte() === LITERAL ? types.map((type) => readValue(reader, type)) : undefined;
    },
  };
}

/**
 * The keys of a batch's rows, by its key columns: what `encode` gives of each, without values on the way. Valid until the
 * next one.
 */
export function packKeys(types: readonly ScalarType[], columns: readonly BatchColumn[]): (row: number) => Uint8Array {
  const writer = new ByteWriter();
  const cells = columns.map((column, index) => packCells(types[index]!, canonicalColumn(column)));
  return (row) => {
    writer.clear();
    writer.byte(LITERAL);
    for (const write of cells) write(writer, row);
    return shorten(writer.view());
  };
}

function shorten(literal: Uint8Array): Uint8Array {
  if (literal.length <= LONGEST_LITERAL_KEY) return literal;
  return Buffer.concat([Buffer.of(HASHED), createHash('sha256').update(literal).digest()]);
}

function canonicalColumn(column: BatchColumn): BatchColumn {
  if (!(column.values instanceof Float64Array)) return column;
  return { ...column, values: column.values.map((value) => canonical(value) as number) };
}

/** Equal keys have equal bytes: -0 is 0, and every NaN is the same. */
function canonical(value: EngineValue): EngineValue {
  return value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value;
}
