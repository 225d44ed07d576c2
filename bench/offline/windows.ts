/** Window aggregates over uniform and skewed keys, from the source's table and from what a backfill wrote. */
import path from 'node:path';
import type { Contender, Standing } from '../contest.ts';
import type { JoinTask } from '../join-task.ts';
import { provideLakeProject, type LakeProject } from '../lake-project.ts';
import { writeOnce } from '../readings.ts';
import { isMeasured, timesFaster, within, type BenchContext, type BenchRow, type Target } from '../row.ts';

const EVENTS = 10_000_000;
const KEYS = 100_000;
const SPINE_ROWS = 200_000;
const DAYS = 30;
const MICROS_PER_DAY = 86_400_000_000;
/** 2024-01-01T00:00:00Z. */
const START = 1_704_067_200_000_000;
/** Raised when the same name gives other rows. */
const GENERATOR = 1;

const FEATURES = {
  count_1h: "count({ window: '1h' })",
  sum_1h: "sum('value', { window: '1h' })",
  count_1d: "count({ window: '1d' })",
  sum_1d: "sum('value', { window: '1d' })",
  count_7d: "count({ window: '7d' })",
  sum_7d: "sum('value', { window: '7d' })",
  max_7d: "max('value', { window: '7d' })",
  sum_last_10: "sum('value', { last: 10 })",
};

const DEFINITIONS = `import { count, entity, featureView, fileSource, max, sum } from 'asof';

export const item = entity('item', { keys: { key: 'int64' } });

export const events = fileSource('events', {
  path: '../events.parquet',
  timestamp: 'event_ts',
  schema: { key: 'int64', event_ts: 'timestamp', value: 'float64' },
});

export const windows = featureView('windows', {
  entities: [item],
  source: events,
  features: { ${Object.entries(FEATURES)
    .map(([name, feature]) => `${name}: ${feature}`)
    .join(', ')} },
});
`;

type Keys = 'uniform' | 'zipf';

/** By Zipf the k-th key has a k-th of the first one's share: the distribution function turned round. */
function keySql(keys: Keys, salt: number): string {
  if (keys === 'uniform') return `(hash(i, ${salt}) % ${KEYS})::BIGINT`;
  const share = `(hash(i, ${salt}) % ${2 ** 52}) / ${2 ** 52}.0`;
  return `(least(floor(pow(${KEYS}.0 + 1, ${share})), ${KEYS}) - 1)::BIGINT`;
}

function instant(salt: number): string {
  return `make_timestamp((${START} + hash(i, ${salt}) % ${DAYS * MICROS_PER_DAY})::BIGINT)`;
}

async function prepare(context: BenchContext, keys: Keys): Promise<readonly Contender[]> {
  const day = (micros: number): string => new Date(micros / 1000).toISOString();
  const project = await provideLakeProject(context, {
    name: `windows-${keys}-${GENERATOR}`,
    makeData: async (root) => {
      const values = `${keySql(keys, 1)} AS key, ${instant(2)} AS event_ts, (hash(i, 3) % 1000000) / 1000.0 AS value`;
      await writeOnce(path.join(root, 'events.parquet'), `SELECT ${values} FROM range(${EVENTS}) t(i)`);
      const asked = `${keySql(keys, 4)} AS key, ${instant(5)} AS event_timestamp`;
      await writeOnce(path.join(root, 'spine.parquet'), `SELECT ${asked} FROM range(${SPINE_ROWS}) t(i)`);
    },
    definitions: DEFINITIONS,
    steps: [
      ['ingest', 'events'],
      ['backfill', 'windows', '--from', day(START), '--to', day(START + DAYS * MICROS_PER_DAY)],
    ],
  });
  const python = await context.python();
  const peer = (name: string, script: string, options: Partial<Contender> = {}): Contender => ({
    name,
    command: [python, path.join(import.meta.dirname, '../peers', script), JSON.stringify(taskOf(project, name, {}))],
    ...options,
  });
  return [
    asof(project, 'Asof, backfilled', {}),
    asof(project, 'Asof, from the source', { viewTables: false }),
    peer(NUMPY, 'windows_numpy.py'),
    peer('DuckDB, RANGE frames', 'windows_duckdb.py', keys === 'uniform' ? {} : { mostRounds: 1, slow: true }),
  ];
}

function taskOf({ root }: LakeProject, name: string, tables: Pick<JoinTask, 'viewTables'>): JoinTask {
  return {
    views: [{ name: 'windows', files: path.join(root, 'events.parquet'), values: ['sum_7d', 'max_7d', 'sum_last_10'] }],
    spine: path.join(root, 'spine.parquet'),
    output: path.join(root, `out-${name.replace(/\W+/g, '-')}.parquet`),
    ...tables,
  };
}

function asof(project: LakeProject, name: string, tables: Pick<JoinTask, 'viewTables'>): Contender {
  const script = path.join(import.meta.dirname, '../asof-retrieval.ts');
  const task = JSON.stringify(taskOf(project, name, tables));
  return { name, command: [process.execPath, '--import', 'tsx', script, project.directory, task] };
}

const NUMPY = 'numpy, sorted prefix';

function ofContender(own: string, { column, text, reached }: Target): Target {
  return {
    column,
    text: `${own}: ${text}`,
    reached: (standings) => {
      const first = standings.find(({ name }) => name === own);
      const others: readonly Standing[] = standings.filter((standing) => standing !== first);
      return isMeasured(first) ? reached([first, ...others]) : undefined;
    },
  };
}

function windowsRow(keys: Keys, title: string): BenchRow {
  return {
    id: `windows-${keys}`,
    group: 'offline',
    title: `Windows over 10M events of 100k ${title}, 200k spine rows`,
    quick: true,
    rounds: 3,
    targets: [
      ofContender('Asof, from the source', timesFaster('first', NUMPY, 1 / 1.5)),
      within('first', { mebibytes: 2048 }, 'Asof, from the source'),
      ofContender('Asof, backfilled', timesFaster('then', NUMPY, 3)),
      within('then', { mebibytes: 2048 }, 'Asof, backfilled'),
    ],
    prepare: (context) => prepare(context, keys),
  };
}

export const WINDOW_ROWS: readonly BenchRow[] = [windowsRow('uniform', 'keys'), windowsRow('zipf', 'skewed keys')];
