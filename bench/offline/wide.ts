/** Many features for few rows: ten views of a hundred features each. */
import { asofJoin, handWrittenJoins } from '../join-task.ts';
import { makeSpine, provideReadings } from '../readings.ts';
import { within, type BenchRow } from '../row.ts';

const KEYS = 10_000;
const SPINE_ROWS = 17_000;

export const WIDE: BenchRow = {
  id: 'wide',
  group: 'offline',
  title: 'Ten views of 100k rows and 100 features, 17k spine rows',
  quick: true,
  rounds: 3,
  targets: [within('first', { seconds: 10, mebibytes: 1024 }), within('then', { seconds: 4 })],
  prepare: async (context) => {
    const tables = Array.from({ length: 10 }, (_, index) => ({
      name: `view${index}`,
      rows: 100_000,
      keys: KEYS,
      values: 100,
    }));
    const project = await provideReadings(context, 'wide', tables);
    const spine = await makeSpine(project.root, SPINE_ROWS, KEYS);
    const input = { project, spine, python: await context.python() };
    return [asofJoin(input), ...handWrittenJoins(input)];
  },
};
