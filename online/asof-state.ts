/**
 * What Redis holds for one entity of an as-of view: the greatest row that is due, as its order and the columns that the
 * features read, before any transform. When the row became due follows from its order, so it is not stored.
 *
 *     form 1 | order 11…24 | null bits, when a value is null | values that are not null, in order of the columns
 */
import { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import type { RowOrder } from '../aggregates/row-order.ts';
import { readValue, writeValue } from '../aggregates/value-codec.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import type { StoredType } from '../contracts/values.ts';
import type { BatchColumn, EngineValue } from '../engine/engine.ts';
import { usedTypedColumns } from '../offline/event-relation.ts';
import { packCells } from './cell-packer.ts';
import { orderFlags, orderFlagsAt, readOrder, writeOrder, writeOrderAt, type OrderHalves } from './order-bytes.ts';
import { STATE_HAS_NULLS, STATE_IS_DELETED, stateFlags, stateForm } from './state-form.ts';

export interface AsofState {
  readonly order: RowOrder;
  /** By the columns of the codec; null for a row that says that its key was deleted. */
  readonly values: readonly EngineValue[] | null;
}

export interface AsofCodec {
  /** Distinct source columns of the view's features, in order of first use. */
  readonly columns: readonly { readonly name: string; readonly type: StoredType }[];
  encode(state: AsofState): Uint8Array;
  decode(bytes: Uint8Array): AsofState;
  /** The states of a batch's rows: what `encode` gives of each, without values on the way. Valid until the next one. */
  pack(batch: AsofBatch): (row: number) => Uint8Array;
}

export interface AsofBatch {
  readonly order: OrderHalves;
  /** Whether the row says that its key was deleted. */
  isDeleted(row: number): boolean;
  /** By the columns of the codec. */
  readonly columns: readonly BatchColumn[];
}

const BITS = 8;

/** The codec of one version of an as-of view. */
export function createAsofCodec(view: FeatureViewManifest, source: StoredSourceManifest): AsofCodec {
  const columns = usedTypedColumns({ source, features: view.features });
  const writer = new ByteWriter();
  return {
    columns,
    encode({ order, values }) {
      const hasNulls = values?.includes(null) ?? false;
      const flags = orderFlags(order) | (hasNulls ? STATE_HAS_NULLS : 0) | (values === null ? STATE_IS_DELETED : 0);
      writer.clear();
      writer.byte(stateForm(flags));
      writeOrder(writer, order, flags);
      if (values === null) return writer.finish();
      if (hasNulls) writeNullBits(writer, values.length, (index) => values[index] === null);
      columns.forEach(({ type }, index) => {
        const value = values[index]!;
        if (value !== null) writeValue(writer, type, value);
      });
      return writer.finish();
    },
    pack(batch) {
      const { order, columns: held } = batch;
      const cells = columns.map(({ type }, index) => packCells(type, held[index]!));
      const nullable = held.filter(({ valid }) => valid !== undefined);
      const isNull = (column: number, row: number): boolean => held[column]?.valid?.[row] === 0;
      return (row) => {
        const deleted = batch.isDeleted(row);
        const hasNulls = !deleted && nullable.some(({ valid }) => valid?.[row] === 0);
        const flags = orderFlagsAt(order, row) | (hasNulls ? STATE_HAS_NULLS : 0) | (deleted ? STATE_IS_DELETED : 0);
        writer.clear();
        writer.byte(stateForm(flags));
        writeOrderAt(writer, order, row, flags);
        if (deleted) return writer.view();
        if (hasNulls) writeNullBits(writer, held.length, (column) => isNull(column, row));
        for (let column = 0; column < cells.length; column += 1) {
          if (!hasNulls || !isNull(column, row)) cells[column]!(writer, row);
        }
        return writer.view();
      };
    },
    decode(bytes) {
      const reader = new ByteReader(bytes);
      const flags = stateFlags(reader.byte());
      const order = readOrder(reader, flags);
      if (flags & STATE_IS_DELETED) return { order, values: null };
      const nulls = flags & STATE_HAS_NULLS ? readNullBits(reader, columns.length) : undefined;
      const values = columns.map(({ type }, index) => (nulls?.[index] ? null : readValue(reader, type)));
      return { order, values };
    },
  };
}

/** The instant at which a row became due: what was made from it is known from then on. */
export function asofDueAt(view: FeatureViewManifest, order: RowOrder): Micros {
  const published = order.event + BigInt(view.delayMicros);
  return view.asKnown && order.created !== null && order.created > published ? order.created : published;
}

function writeNullBits(writer: ByteWriter, count: number, isNull: (index: number) => boolean): void {
  for (let start = 0; start < count; start += BITS) {
    let byte = 0;
    for (let bit = 0; bit < BITS; bit += 1) if (isNull(start + bit)) byte |= 1 << bit;
    writer.byte(byte);
  }
}

function readNullBits(reader: ByteReader, count: number): readonly boolean[] {
  const bits: boolean[] = [];
  for (let start = 0; start < count; start += BITS) {
    const byte = reader.byte();
    for (let bit = 0; bit < BITS; bit += 1) bits.push(((byte >> bit) & 1) === 1);
  }
  return bits;
}
