/**
 * The events of an exact window in bytes. Times and sequences are written as distances, which are small between
 * neighbours.
 */
import type { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import type { RowOrder } from '../aggregates/row-order.ts';
import { readValue, writeValue } from '../aggregates/value-codec.ts';
import type { Micros } from '../contracts/time.ts';
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';

export interface KeptEvent {
  readonly order: RowOrder;
  readonly value: EngineValue;
}

interface EventForm {
  /** Null when events carry no value. */
  readonly type: StoredType | null;
  /** Without orders, events come back with the place where they stood, within their instant. */
  readonly hasOrders: boolean;
}

const HAS_VALUE = 1;
const HAS_CREATED = 2;

/** @param events in row order */
export function writeKeptEvents(
  writer: ByteWriter,
  events: readonly KeptEvent[],
  { type, hasOrders }: EventForm,
): void {
  writer.count(events.length);
  let event: Micros = 0n;
  let sequence = 0n;
  for (const { order, value } of events) {
    writer.integer(order.event - event);
    event = order.event;
    if (type === null) continue;
    const { created } = order;
    const hasCreated = hasOrders && created !== null;
    writer.byte((value === null ? 0 : HAS_VALUE) | (hasCreated ? HAS_CREATED : 0));
    if (hasCreated) writer.integer(created - event);
    if (hasOrders) {
      writer.integer(order.sequence - sequence);
      sequence = order.sequence;
    }
    if (value !== null) writeValue(writer, type, value);
  }
}

export function readKeptEvents(reader: ByteReader, { type, hasOrders }: EventForm): KeptEvent[] {
  let event: Micros = 0n;
  let sequence = 0n;
  return Array.from({ length: reader.count() }, (_, place) => {
    event += reader.integer();
    if (type === null) return { order: { event, created: null, sequence: BigInt(place) }, value: null };
    const flags = reader.byte();
    const created = (flags & HAS_CREATED) === 0 ? null : event + reader.integer();
    sequence = hasOrders ? sequence + reader.integer() : BigInt(place);
    const value = (flags & HAS_VALUE) === 0 ? null : readValue(reader, type);
    return { order: { event, created, sequence }, value };
  });
}
