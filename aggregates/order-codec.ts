/** A row's order in bytes. */
import type { ByteReader, ByteWriter } from './bytes.ts';
import type { RowOrder } from './row-order.ts';

export function writeOrder(writer: ByteWriter, order: RowOrder): void {
  writer.integer(order.event);
  writer.byte(order.created === null ? 0 : 1);
  // rows are mostly created near their event, and a small distance takes few bytes
  if (order.created !== null) writer.integer(order.created - order.event);
  writer.integer(order.sequence);
}

export function readOrder(reader: ByteReader): RowOrder {
  const event = reader.integer();
  const created = reader.byte() === 0 ? null : event + reader.integer();
  return { event, created, sequence: reader.integer() };
}
