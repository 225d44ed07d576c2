/** A hundred million feature rows under a limit of two gibibytes, and a tenth of it to see that time grows in proportion. */
import type { Contender } from '../contest.ts';
import { asofJoin } from '../join-task.ts';
import { makeSpine, provideReadings, type ReadingsProject } from '../readings.ts';
import { isMeasured, within, type BenchContext, type BenchRow } from '../row.ts';
import { checkSample } from './sample-check.ts';

const KEYS = 100_000;
const LARGE = { name: 'Asof, 100M rows, 5M spine rows', rows: 100_000_000, spineRows: 5_000_000 };
const SMALL = { name: 'Asof, 10M rows, 500k spine rows', rows: 10_000_000, spineRows: 500_000 };
/** DuckDB's part; the process as a whole is to stay below 2 GiB. */
const MEMORY_LIMIT = '2GiB';

interface SizedProject {
  readonly project: ReadingsProject;
  readonly spine: string;
  readonly contender: ReturnType<typeof asofJoin>;
}

async function provide(context: BenchContext, id: string, size: typeof LARGE): Promise<SizedProject> {
  const project = await provideReadings(context, id, [{ name: 'newest', rows: size.rows, keys: KEYS, values: 10 }]);
  const spine = await makeSpine(project.root, size.spineRows, KEYS);
  const options = { name: size.name, environment: { ASOF_MEMORY_LIMIT: MEMORY_LIMIT }, mostRounds: 1 };
  return { project, spine, contender: asofJoin({ project, spine }, options) };
}

export const LARGER_THAN_MEMORY: BenchRow = {
  id: 'larger-than-memory',
  group: 'offline',
  title: '100M feature rows, 5M spine rows, 2 GiB',
  quick: false,
  rounds: 1,
  targets: [
    within('first', { mebibytes: 2048 }, LARGE.name),
    {
      column: 'then',
      text: 'at most 1.25 times as long for each row as for a tenth of the rows',
      reached: ([large, small]) =>
        isMeasured(large) && isMeasured(small) ? large.minimumSeconds <= 12.5 * small.minimumSeconds : undefined,
    },
  ],
  prepare: async (context): Promise<readonly Contender[]> => [
    (await provide(context, 'as-of-100m', LARGE)).contender,
    (await provide(context, 'as-of-10m-of-100k', SMALL)).contender,
  ],
  verify: async (context, standings) => {
    if (!isMeasured(standings[0])) return [];
    const { project, spine, contender } = await provide(context, 'as-of-100m', LARGE);
    return [await checkSample({ project, spine, output: contender.output })];
  },
};
