/** One value of a stored type in bytes. Null is not among them: states keep nulls out or flag them. */
import { elementType, type StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';

export function writeValue(writer: ByteWriter, type: StoredType, value: EngineValue): void {
  switch (type) {
    case 'string':
      return writer.text(value as string);
    case 'int64':
    case 'timestamp':
      return writer.integer(value as bigint);
    case 'float64':
      return writer.double(value as number);
    case 'boolean':
      return writer.byte(value === true ? 1 : 0);
    default:
      return writeList(writer, type, value as readonly EngineValue[]);
  }
}

export function readValue(reader: ByteReader, type: StoredType): EngineValue {
  switch (type) {
    case 'string':
      return reader.text();
    case 'int64':
    case 'timestamp':
      return reader.integer();
    case 'float64':
      return reader.double();
    case 'boolean':
      return reader.byte() === 1;
    default:
      return readList(reader, type);
  }
}

/** A value that may be null: a byte that says so, then the value. */
export function writeNullable(writer: ByteWriter, type: StoredType, value: EngineValue): void {
  writer.byte(value === null ? 0 : 1);
  if (value !== null) writeValue(writer, type, value);
}

export function readNullable(reader: ByteReader, type: StoredType): EngineValue {
  return reader.byte() === 0 ? null : readValue(reader, type);
}

function writeList(writer: ByteWriter, type: StoredType, items: readonly EngineValue[]): void {
  writer.count(items.length);
  const element = elementType(type)!;
  for (const item of items) {
    if (isVector(type)) writer.float(item as number);
    else writeNullable(writer, element, item);
  }
}

function readList(reader: ByteReader, type: StoredType): EngineValue {
  const element = elementType(type)!;
  return Array.from({ length: reader.count() }, () =>
    isVector(type) ? reader.float() : readNullable(reader, element),
  );
}

/** A `float32[n]`: its items have four bytes and are never null. */
function isVector(type: StoredType): boolean {
  return type.startsWith('float32[');
}
