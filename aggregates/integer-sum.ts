/** The exact sum of int64 values, and their mean. A sum may leave the range on the way and return to it. */
import { AsofError } from '../contracts/errors.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';

/** Names the feature and its column in errors. */
export interface Naming {
  readonly where: string;
  readonly column: string;
}

export interface IntegerSumState {
  readonly count: number;
  readonly total: bigint;
}

/** One small integer more is still exact in a double. */
const MOST_PLAIN = 2 ** 52;

export function createIntegerSum(naming: Naming): Aggregate<IntegerSumState> {
  return aggregate(({ count, total }) => (count === 0 ? null : requireInt64(total, naming)));
}

export const INTEGER_MEAN: Aggregate<IntegerSumState> = aggregate(({ count, total }) =>
  count === 0 ? null : Number(total) / count,
);

/** The sum itself when it is an int64; throws `INTEGER_OVERFLOW` when it is not. */
export function requireInt64(total: bigint, naming: Naming): bigint {
  if (BigInt.asIntN(64, total) === total) return total;
  throw new AsofError('INTEGER_OVERFLOW', { where: naming.where, column: naming.column });
}

function aggregate(finish: (state: IntegerSumState) => EngineValue): Aggregate<IntegerSumState> {
  return {
    empty: () => ({ count: 0, total: 0n }),
    add: (state, value) =>
      value === null ? state : { count: state.count + 1, total: state.total + (value as bigint) },
    merge: (a, b) => ({ count: a.count + b.count, total: a.total + b.total }),
    finish,
    encode(state) {
      const writer = new ByteWriter();
      writer.count(state.count);
      writer.integer(state.total);
      return writer.finish();
    },
    read(reader) {
      return { count: reader.count(), total: reader.integer() };
    },
    finishStored(reader, places, from) {
      let count = 0;
      let total = 0n;
      /** Of what is small: a bigint for each would cost more than all the rest. */
      let plain = 0;
      for (let place = from; place < places.length; place += 1) {
        reader.seek(places[place]!);
        count += reader.count();
        const value = reader.smallInteger();
        if (value === undefined) total += reader.integer();
        else plain += value;
        if (plain > MOST_PLAIN || plain < -MOST_PLAIN) {
          total += BigInt(plain);
          plain = 0;
        }
      }
      return finish({ count, total: total + BigInt(plain) });
    },
  };
}
