/** From the lake to an empty Redis: every entity of one view of ten values, with the order of its row and a life. */
import path from 'node:path';
import type { Contender } from '../contest.ts';
import { provideLakeProject } from '../lake-project.ts';
import { writeOnce } from '../readings.ts';
import { isMeasured, timesFaster, type BenchContext, type BenchRow, type Target } from '../row.ts';
import type { MaterializationTask } from './task.ts';

const VALUES = 10;
/** Longer than the age of the rows: they are served, not expired. */
const TTL_DAYS = 3650;
/** 2024-01-01T00:00:00Z, and ninety days. */
const START = 1_704_067_200_000_000;
const DAYS = 90;

const NAMES = Array.from({ length: VALUES }, (_, index) => `f${index}`);

const DEFINITIONS = `import { entity, featureView, fileSource, numeric } from 'asof';

const item = entity('item', { keys: { key: 'int64' } });
const readings = fileSource('readings', {
  path: '../reading/*.parquet', timestamp: 'event_ts',
  schema: { key: 'int64', event_ts: 'timestamp', ${NAMES.map((name) => `${name}: 'float64'`).join(', ')} },
});
const reading = featureView('reading', {
  entities: [item], source: readings, ttl: '${TTL_DAYS}d', online: true,
  features: { ${NAMES.map((name) => `${name}: numeric()`).join(', ')} },
});
export const definitions = [item, readings, reading];
`;

const ENTITIES = 200_000;

const ASOF = 'Asof';
const ASOF_FIFTH = 'Asof, a fifth of them';
const FEAST = 'Feast';
const PIPE = 'bare SETs by redis-cli --pipe';

interface Choice {
  readonly name: string;
  readonly kind: MaterializationTask['kind'];
  readonly options?: Partial<Contender>;
}

async function prepare(
  context: BenchContext,
  entities: number,
  choices: readonly Choice[],
): Promise<readonly Contender[]> {
  const instant = `make_timestamp((${START} + hash(i, 1) % ${DAYS * 86_400_000_000})::BIGINT)`;
  const values = NAMES.map((name, index) => `hash(i, ${index + 10}) / 18446744073709551616.0 AS ${name}`);
  const file = (root: string): string => path.join(root, 'reading/0.parquet');
  const { root, directory } = await provideLakeProject(context, {
    name: `materialization-${entities}`,
    makeData: (folder) =>
      writeOnce(
        file(folder),
        `SELECT i::BIGINT AS key, ${instant} AS event_ts, ${values.join(', ')} FROM range(${entities}) t(i) ORDER BY hash(i)`,
      ),
    definitions: DEFINITIONS,
    steps: [['ingest', 'readings']],
  });
  const task = { directory, file: file(root), entities, values: VALUES, ttlDays: TTL_DAYS };
  const contender = async ({ name, kind, options }: Choice): Promise<Contender> => {
    const own: MaterializationTask =
      kind === 'feast' ? { ...task, kind, python: await context.python() } : { ...task, kind };
    const script = path.join(import.meta.dirname, 'contend.ts');
    return { name, command: [process.execPath, '--import', 'tsx', script, JSON.stringify(own)], ...options };
  };
  return Promise.all(choices.map(contender));
}

const rowsPerSecond = (column: Target['column'], least: number): Target => ({
  column,
  text: `${least.toLocaleString('en')} rows/s`,
  reached: ([own]) => (isMeasured(own) ? own.rows / own.minimumSeconds >= least : undefined),
});

const bytesPerEntity = (column: Target['column'], most: number): Target => ({
  column,
  text: `at most ${most} bytes an entity`,
  reached: ([own]) => (isMeasured(own) && own.bytesPerRow !== undefined ? own.bytesPerRow <= most : undefined),
});

const flatMemory = (column: Target['column'], factor: number): Target => ({
  column,
  text: `at most ${factor} times the peak memory of a fifth of the entities`,
  reached: ([own, ...others]) => {
    const fifth = others.find(({ name }) => name === ASOF_FIFTH);
    if (!isMeasured(own) || !isMeasured(fifth)) return undefined;
    return own.peakBytes <= factor * fifth.peakBytes;
  },
});

export const MATERIALIZATION_ROWS: readonly BenchRow[] = [
  {
    id: 'materialization',
    group: 'materialization',
    title: '200,000 entities by 10 values from the lake to Redis',
    unit: 'rows/s',
    quick: true,
    rounds: 3,
    targets: [
      rowsPerSecond('first', 150_000),
      timesFaster('first', FEAST, 15),
      bytesPerEntity('first', 210),
      rowsPerSecond('then', 280_000),
    ],
    prepare: (context) =>
      prepare(context, ENTITIES, [
        { name: ASOF, kind: 'asof' },
        { name: PIPE, kind: 'pipe' },
        { name: FEAST, kind: 'feast', options: { mostRounds: 1 } },
      ]),
  },
  {
    id: 'materialization-1m',
    group: 'materialization',
    title: '1,000,000 entities by 10 values from the lake to Redis',
    unit: 'rows/s',
    quick: false,
    rounds: 2,
    targets: [
      rowsPerSecond('first', 150_000),
      bytesPerEntity('first', 210),
      flatMemory('first', 1.25),
      rowsPerSecond('then', 280_000),
    ],
    prepare: async (context) => [
      ...(await prepare(context, 5 * ENTITIES, [
        { name: ASOF, kind: 'asof' },
        { name: PIPE, kind: 'pipe' },
      ])),
      ...(await prepare(context, ENTITIES, [{ name: ASOF_FIFTH, kind: 'asof' }])),
    ],
  },
];
