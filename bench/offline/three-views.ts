/** Three views of one entity, each of a source of its own, ten features each. */
import { asofJoin, handWrittenJoins, peerJoin } from '../join-task.ts';
import { makeSpine, provideReadings } from '../readings.ts';
import { timesFaster, type BenchRow } from '../row.ts';

const KEYS = 10_000;

export const THREE_VIEWS: BenchRow = {
  id: 'three-views',
  group: 'offline',
  title: 'Three views of 5M feature rows, 1M spine rows',
  quick: false,
  rounds: 3,
  targets: [
    timesFaster('first', 'Feast with DuckDB', 10),
    timesFaster('first', 'Polars, streaming', 1 / 1.3),
    timesFaster('then', 'Polars, streaming', 1),
  ],
  prepare: async (context) => {
    const tables = ['first', 'second', 'third'].map((name) => ({ name, rows: 5_000_000, keys: KEYS, values: 10 }));
    const project = await provideReadings(context, 'three-views', tables);
    const spine = await makeSpine(project.root, 1_000_000, KEYS);
    const input = { project, spine, python: await context.python() };
    return [
      asofJoin(input),
      ...handWrittenJoins(input),
      peerJoin('Feast with DuckDB', 'as_of_feast.py', input, {
        arguments: ['duckdb'],
        mostRounds: 1,
        needsBytes: 8 * 2 ** 30,
      }),
    ];
  },
};
