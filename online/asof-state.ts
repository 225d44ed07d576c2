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
import type { EngineValue } from '../engine/engine.ts';
import { usedTypedColumns } from '../offline/event-relation.ts';
import { orderFlags, readOrder, writeOrder } from './order-bytes.ts';
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
      if (hasNulls) writeNullBits(writer, values);
      columns.forEach(({ type }, index) => {
        const value = values[index]!;
        if (value !== null) writeValue(writer, type, value);
      });
      return writer.finish();
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

function writeNullBits(writer: ByteWriter, values: readonly EngineValue[]): void {
  for (let start = 0; start < values.length; start += BITS) {
    let byte = 0;
    for (let bit = 0; bit < BITS; bit += 1) if (values[start + bit] === null) byte |= 1 << bit;
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
