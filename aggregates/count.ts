/** The number of rows. */
import type { Aggregate } from './aggregate.ts';
import { ByteWriter } from './bytes.ts';

export const COUNT: Aggregate<number> = {
  empty: () => 0,
  add: (state) => state + 1,
  merge: (a, b) => a + b,
  finish: (state) => state,
  encode(state) {
    const writer = new ByteWriter();
    writer.count(state);
    return writer.finish();
  },
  read: (reader) => reader.count(),
};
