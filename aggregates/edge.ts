/** The value of the first or the last row in row order, nulls skipped. */
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';
import { readOrder, writeOrder } from './order-codec.ts';
import { compareRowOrder, type RowOrder } from './row-order.ts';
import { readValue, writeValue } from './value-codec.ts';

/** A row with a value; null before the first one. */
export type EdgeState = { readonly order: RowOrder; readonly value: EngineValue } | null;

export function createEdge(kind: 'first' | 'last', type: StoredType): Aggregate<EdgeState> {
  const sign = kind === 'first' ? 1 : -1;
  const choose = (a: EdgeState, b: EdgeState): EdgeState => {
    if (a === null) return b;
    if (b === null) return a;
    return sign * compareRowOrder(b.order, a.order) < 0 ? b : a;
  };
  return {
    goesByOrder: true,
    empty: () => null,
    add: (state, value, order) => (value === null ? state : choose(state, { order, value })),
    merge: choose,
    finish: (state) => state?.value ?? null,
    encode(state) {
      const writer = new ByteWriter();
      writer.byte(state === null ? 0 : 1);
      if (state !== null) {
        writeOrder(writer, state.order);
        writeValue(writer, type, state.value);
      }
      return writer.finish();
    },
    read(reader) {
      if (reader.byte() === 0) return null;
      return { order: readOrder(reader), value: readValue(reader, type) };
    },
  };
}
