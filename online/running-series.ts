/** One state without a grid: all rows of the key, or its last N, whose state is those rows. */
import type { Aggregate } from '../aggregates/aggregate.ts';
import type { Series } from './series.ts';

export interface RunningSettings extends Pick<Series, 'column' | 'filter'> {
  readonly aggregate: Aggregate;
}

export function createRunningSeries({ aggregate, column, filter }: RunningSettings): Series {
  return {
    column,
    filter,
    reachMicros: null,
    start() {
      let state = aggregate.empty();
      return {
        add: (value, order) => {
          state = aggregate.add(state, value, order);
        },
        encode: (writer) => writer.block(aggregate.encode(state)),
      };
    },
    decode(reader) {
      const state = aggregate.decode(reader.block());
      return { answer: () => aggregate.finish(state) };
    },
  };
}
