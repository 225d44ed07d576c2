/** One state without a grid: all rows of the key, or its last N, whose state is those rows. */
import type { Aggregate } from '../aggregates/aggregate.ts';
import { ByteReader } from '../aggregates/bytes.ts';
import type { Series, SeriesState } from './series.ts';

export interface RunningSettings extends Pick<Series, 'column' | 'filter'> {
  readonly aggregate: Aggregate;
}

export function createRunningSeries({ aggregate, column, filter }: RunningSettings): Series {
  const from = (first: unknown): SeriesState => {
    let state = first;
    return {
      add(value, order) {
        state = aggregate.add(state, value, order);
      },
      encode: (writer) => writer.block(aggregate.encode(state)),
      answer: () => aggregate.finish(state),
    };
  };
  return {
    column,
    filter,
    reachMicros: null,
    start: () => from(aggregate.empty()),
    resume: (reader) => from(aggregate.read(new ByteReader(reader.block()))),
  };
}
