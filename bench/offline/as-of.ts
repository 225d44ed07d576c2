/** The point-in-time join of one view of ten features. */
import type { Contender } from '../contest.ts';
import { asofJoin, handWrittenJoins, peerJoin } from '../join-task.ts';
import { makeSpine, provideReadings } from '../readings.ts';
import { timesFaster, within, type BenchContext, type BenchRow } from '../row.ts';

const KEYS = 10_000;
const GIBIBYTE = 2 ** 30;

/** Feast's client keeps everything in memory, several times over. */
async function prepare(
  context: BenchContext,
  id: string,
  size: { readonly rows: number; readonly spineRows: number },
  feast: (contender: (name: string, store: string, options: Partial<Contender>) => Contender) => readonly Contender[],
): Promise<readonly Contender[]> {
  const table = { name: 'newest', rows: size.rows, keys: KEYS, values: 10 };
  const project = await provideReadings(context, id, [table]);
  const spine = await makeSpine(project.root, size.spineRows, KEYS);
  const input = { project, spine, python: await context.python() };
  return [
    asofJoin(input),
    ...handWrittenJoins(input),
    ...feast((name, store, options) => peerJoin(name, 'as_of_feast.py', input, { ...options, arguments: [store] })),
  ];
}

export const AS_OF_ROWS: readonly BenchRow[] = [
  {
    id: 'as-of-1m',
    group: 'offline',
    title: '1M feature rows, 100k spine rows',
    quick: true,
    rounds: 5,
    targets: [timesFaster('then', 'Polars, streaming', 1)],
    prepare: (context) =>
      prepare(context, 'as-of-1m', { rows: 1_000_000, spineRows: 100_000 }, (contender) => [
        contender('Feast with DuckDB', 'duckdb', {}),
        contender('Feast with Dask', 'dask', { mostRounds: 1, slow: true, needsBytes: 5 * GIBIBYTE }),
      ]),
  },
  {
    id: 'as-of-10m',
    group: 'offline',
    title: '10M feature rows, 1M spine rows',
    quick: true,
    rounds: 3,
    targets: [
      timesFaster('first', 'Feast with DuckDB', 15),
      timesFaster('first', 'Polars, streaming', 1 / 1.2),
      within('first', { mebibytes: 2560 }),
      timesFaster('then', 'Polars, streaming', 1),
      within('then', { mebibytes: 1536 }),
    ],
    prepare: (context) =>
      prepare(context, 'as-of-10m', { rows: 10_000_000, spineRows: 1_000_000 }, (contender) => [
        contender('Feast with DuckDB', 'duckdb', { mostRounds: 1, slow: true, needsBytes: 14 * GIBIBYTE }),
      ]),
  },
];
