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
  finishStored(reader, places, from) {
    let total = 0;
    for (let place = from; place < places.length; place += 1) {
      reader.seek(places[place]!);
      total += reader.count();
    }
    return total;
  },
};
