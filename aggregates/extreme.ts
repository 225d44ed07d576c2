/** The least or the greatest value, of any scalar type. */
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';
import { readNullable, writeNullable } from './value-codec.ts';
import { compareValues } from './value-order.ts';

/** The state is the value so far; null before the first. */
export function createExtreme(kind: 'min' | 'max', type: StoredType): Aggregate<EngineValue> {
  const sign = kind === 'min' ? 1 : -1;
  const choose = (a: EngineValue, b: EngineValue): EngineValue => {
    if (a === null) return b;
    if (b === null) return a;
    return sign * compareValues(b, a) < 0 ? b : a;
  };
  return {
    empty: () => null,
    add: (state, value) => choose(state, withoutMinusZero(value)),
    merge: choose,
    finish: (state) => state,
    encode(state) {
      const writer = new ByteWriter();
      writeNullable(writer, type, state);
      return writer.finish();
    },
    read: (reader) => readNullable(reader, type),
  };
}

/** Zero and minus zero are equal, so which one survives must not hang on the order of the rows. */
function withoutMinusZero(value: EngineValue): EngineValue {
  return typeof value === 'number' ? value + 0 : value;
}
