/** Online reads: in process against Feast's SDK, over HTTP against its feature server, and both against the bare MGET. */
import path from 'node:path';
import type { Contender } from '../contest.ts';
import { provideLakeProject, type LakeProject } from '../lake-project.ts';
import { writeOnce } from '../readings.ts';
import { isMeasured, timesFaster, within, type BenchContext, type BenchRow, type Target } from '../row.ts';
import { KEYS, type OnlineTask } from './task.ts';

const VALUES = 50;
/** 2024-01-01T00:00:00Z, and thirty days. */
const START = 1_704_067_200_000_000;
const DAYS = 30;
/** After the last row. */
const AT = '2024-02-01T00:00:00Z';
const ROWS = { profile: 10_000, activity: 100_000 };

const WINDOWS = ['1h', '6h', '1d', '7d', '14d'];

const DEFINITIONS = `import { count, entity, featureView, fileSource, numeric, sum } from 'asof';

const item = entity('item', { keys: { key: 'int64' } });
const profiles = fileSource('profiles', {
  path: '../profile/*.parquet', timestamp: 'event_ts', created: 'created_ts',
  schema: { key: 'int64', event_ts: 'timestamp', created_ts: 'timestamp', ${valueNames()
    .map((name) => `${name}: 'float64'`)
    .join(', ')} },
});
const profile = featureView('profile', {
  entities: [item], source: profiles, online: true,
  features: { ${valueNames()
    .map((name) => `${name}: numeric()`)
    .join(', ')} },
});
const events = fileSource('events', {
  path: '../activity/*.parquet', timestamp: 'event_ts',
  schema: { key: 'int64', event_ts: 'timestamp', amount: 'int64' },
});
const activity = featureView('activity', {
  entities: [item], source: events, online: true,
  features: { ${WINDOWS.map((window) => `count_${window}: count({ window: '${window}' }), sum_${window}: sum('amount', { window: '${window}' })`).join(', ')} },
});
export const definitions = [item, profiles, profile, events, activity];
`;

function valueNames(count = VALUES): readonly string[] {
  return Array.from({ length: count }, (_, index) => `f${index}`);
}

function provideProject(context: BenchContext): Promise<LakeProject> {
  return provideLakeProject(context, {
    name: 'online-1',
    async makeData(root) {
      const instant = (salt: number): string =>
        `make_timestamp((${START} + hash(i, ${salt}) % ${DAYS * 86_400_000_000})::BIGINT)`;
      const values = valueNames().map((name, index) => `(hash(i, ${index + 10}) % 1000000) / 1000.0 AS ${name}`);
      await writeOnce(
        path.join(root, 'profile/0.parquet'),
        `SELECT (i % ${KEYS})::BIGINT AS key, ${instant(1)} AS event_ts, ${instant(1)} AS created_ts, ${values.join(', ')} FROM range(${ROWS.profile}) t(i)`,
      );
      await writeOnce(
        path.join(root, 'activity/0.parquet'),
        `SELECT (i % ${KEYS})::BIGINT AS key, ${instant(2)} AS event_ts, (hash(i, 3) % 1000)::BIGINT AS amount FROM range(${ROWS.activity}) t(i)`,
      );
    },
    definitions: DEFINITIONS,
    steps: [
      ['ingest', 'profiles'],
      ['ingest', 'events'],
      ['materialize', '--all'],
    ],
  });
}

type Choice = Pick<OnlineTask, 'over' | 'features' | 'entities' | 'at'>;

const ASOF = 'Asof';
const FEAST = 'Feast';
const MGET = 'bare MGET';

async function prepare(
  context: BenchContext,
  choice: Choice,
  kinds: readonly OnlineTask['kind'][],
): Promise<readonly Contender[]> {
  const { root, directory } = await provideProject(context);
  const peer = kinds.includes('feast')
    ? { python: await context.python(), files: path.join(root, 'profile/*.parquet') }
    : {};
  const names = { asof: ASOF, feast: FEAST, mget: MGET };
  return kinds.map((kind) => ({
    name: names[kind],
    command: [
      process.execPath,
      '--import',
      'tsx',
      path.join(import.meta.dirname, 'contend.ts'),
      JSON.stringify({ kind, directory, ...choice, ...peer } satisfies OnlineTask),
    ],
  }));
}

/** Of the least times. */
function timesTheBare(factor: number): Target {
  return {
    column: 'then',
    text: `at most ${factor}× the time of the ${MGET}`,
    reached: (standings) => {
      const own = standings[0];
      const bare = standings.find(({ name }) => name === MGET);
      if (!isMeasured(own) || !isMeasured(bare)) return undefined;
      return own.minimumSeconds <= factor * bare.minimumSeconds;
    },
  };
}

const profileOf = (count: number): readonly string[] => valueNames(count).map((name) => `profile:${name}`);
const windowsOf = WINDOWS.flatMap((window) => [`activity:count_${window}`, `activity:sum_${window}`]);

function overHttp(entities: number, factor: number): BenchRow {
  const choice: Choice = { over: 'http', features: profileOf(10), entities };
  return {
    id: `online-http-${entities}`,
    group: 'online',
    title: `A read of ${entities} by 10 features over HTTP, 8 connections`,
    unit: 'ms',
    quick: false,
    rounds: 3,
    targets: [timesFaster('first', FEAST, factor), timesTheBare(1.25)],
    prepare: (context) => prepare(context, choice, ['asof', 'feast', 'mget']),
  };
}

export const ONLINE_ROWS: readonly BenchRow[] = [
  {
    id: 'online-process',
    group: 'online',
    title: 'A read of 100 by 50 features in process, median',
    unit: 'ms',
    quick: true,
    rounds: 3,
    targets: [within('first', { seconds: 0.0015 }), timesFaster('first', FEAST, 16), timesTheBare(2)],
    prepare: (context) =>
      prepare(context, { over: 'process', features: profileOf(VALUES), entities: 100 }, ['asof', 'feast', 'mget']),
  },
  {
    id: 'online-windows',
    group: 'online',
    title: 'A read of 100 by 10 windows in process, median',
    unit: 'ms',
    quick: true,
    rounds: 3,
    targets: [within('first', { seconds: 0.003 }), within('then', { seconds: 0.0015 })],
    prepare: (context) =>
      prepare(context, { over: 'process', features: windowsOf, entities: 100, at: AT }, ['asof', 'mget']),
  },
  overHttp(1, 6),
  overHttp(10, 4),
  overHttp(100, 4),
  {
    id: 'online-open-loop',
    group: 'online',
    title: 'A read of 1 by 50 features over HTTP at 2,000 a second, 99th percentile',
    unit: 'ms',
    quick: false,
    rounds: 3,
    targets: [within('first', { seconds: 0.002 })],
    prepare: (context) =>
      prepare(context, { over: 'open loop', features: profileOf(VALUES), entities: 1 }, ['asof', 'mget']),
  },
];
