/**
 * The main job, end to end: three million real flights become a leak-free training set and live online features.
 *
 *   npm run demo                 everything, then stop
 *   npm run demo -- --keep       leave the stack running
 *   npm run demo -- --quick      the first 100,000 flights, in a directory that is removed afterwards
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { DevStack } from '../../contracts/config.ts';
import type {
  BackfillResult,
  BuildTrainingDatasetResult,
  IngestResult,
  MaterializeResult,
} from '../../contracts/runs.ts';
import { drawTable, formatCount } from '../../cli/table.ts';
import { asof } from './asof-command.ts';
import { compareOnlineWithOffline } from './comparison.ts';
import { scoreModel } from './model.ts';
import { prepareData, type PrepareOptions } from './prepare.ts';
import { Steps } from './steps.ts';

const VIEWS = ['airport_delays', 'route_delays', 'latest_flight', 'airport_attributes'];

const { values: options } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});

const FULL: PrepareOptions & { readonly end: string } = {
  flights: null,
  spineRows: 200_000,
  warmUpDays: 7,
  routes: 1000,
  lastInstant: '2001-07-01T00:00:00Z',
  end: '2001-07-02T00:00:00Z',
};
const QUICK: typeof FULL = {
  flights: 100_000,
  spineRows: 5000,
  warmUpDays: 2,
  routes: 1000,
  lastInstant: '2001-01-07T08:40:00Z',
  end: '2001-01-08T00:00:00Z',
};

const PROJECT = options.quick ? await copyProject() : import.meta.dirname;

async function copyProject(): Promise<string> {
  const copy = await mkdtemp(path.join(tmpdir(), 'asof-flights-'));
  for (const file of ['asof.config.ts', 'features.ts'])
    await cp(path.join(import.meta.dirname, file), path.join(copy, file));
  return copy;
}

async function demonstrate(): Promise<void> {
  const size = options.quick ? QUICK : FULL;
  const steps = new Steps();
  const data = await steps.run('Preparing the flights, with the instant at which each delay was known', () =>
    prepareData(path.join(PROJECT, 'data'), size),
  );
  const stack = await steps.run('Starting Temporal, Redis, PostgreSQL, three workers and the API', () =>
    asof<DevStack>(PROJECT, 'dev', '--detach'),
  );
  steps.note(`Watch the workflows: ${stack.temporal.ui}/namespaces/${stack.temporal.namespace}/workflows`);
  try {
    const applied = await steps.run('Applying the definitions', () =>
      asof<{ applied: boolean; version: number }>(PROJECT, 'apply', '--yes'),
    );
    const flights = await steps.run('Ingesting the flights, with checks', () =>
      asof<IngestResult>(PROJECT, 'ingest', 'flights'),
    );
    await steps.run('Ingesting the airports', () => asof<IngestResult>(PROJECT, 'ingest', 'airports'));
    const { conservation: conserved } = await asof<DescribedSource>(PROJECT, 'describe', 'flights');
    const backfills: BackfillResult[] = [];
    for (const view of VIEWS.slice(0, 3)) {
      const range = ['--from', '2001-01-01T00:00:00Z', '--to', size.end, '--chunk', '7d'];
      backfills.push(
        await steps.run(`Backfilling ${view}`, () => asof<BackfillResult>(PROJECT, 'backfill', view, ...range)),
      );
    }
    const correct = await steps.run('Building the time-correct training set', () =>
      buildDataset('late_departures', 'late_departures', data.spine),
    );
    const leaking = await steps.run('Building the leaking one, for comparison', () =>
      buildDataset('late_departures_leaking', 'late_departures_leaking', data.spine),
    );
    const online = await steps.run(`Materializing to Redis as of ${size.lastInstant}`, () =>
      asof<MaterializeResult>(PROJECT, 'materialize', '--all', '--to', size.lastInstant),
    );
    const comparison = await steps.run('Reading 1,000 routes online and comparing with offline', () =>
      compareOnlineWithOffline({
        project: PROJECT,
        api: stack.api.url,
        service: 'late_departures',
        spine: data.lastInstantSpine,
        at: size.lastInstant,
      }),
    );
    const honest = await steps.run('Fitting a logistic model on the time-correct set', () => scoreModel(correct.file));
    const pretended = await steps.run('Fitting it on the leaking set', () => scoreModel(leaking.file));

    const written = online.views.reduce((total, view) => total + view.written, 0);
    const keys = await Promise.all(
      VIEWS.map((view) => asof<{ online: { keys: number } | null }>(PROJECT, 'describe', view)),
    );
    process.stdout.write(
      `\n${drawTable(
        ['figure', 'value'],
        [
          ['rows in', formatCount(conserved.rowsIn)],
          ['  committed', formatCount(conserved.committed)],
          ['  quarantined', formatCount(conserved.quarantined)],
          ['intervals backfilled', backfills.reduce((total, { intervals }) => total + intervals, 0)],
          ['dataset rows', formatCount(correct.rows)],
          ['dataset columns', correct.columns],
          ['values made from the future, leaking set', formatCount(countLeaks(leaking.leakage))],
          ['values made from the future, time-correct set', formatCount(countLeaks(correct.leakage))],
          ['keys materialized', formatCount(keys.reduce((total, view) => total + (view.online?.keys ?? 0), 0))],
          ['online values equal to offline', `${formatCount(comparison.equal)} of ${formatCount(comparison.keys)}`],
          ['  not null', `${(comparison.presentShare * 100).toFixed(1)} %`],
          ['model AUC the leaking join pretends', pretended.auc.toFixed(4)],
          ['model AUC the time-correct set gives', honest.auc.toFixed(4)],
        ],
      )}\n\n`,
    );
    const reused =
      !applied.applied &&
      flights.inputs === 0 &&
      backfills.every(({ done }) => done === 0) &&
      correct.reused &&
      written === 0;
    if (reused) steps.note('Everything was there from an earlier run: nothing was counted, computed or written twice.');
    steps.note(`Temporal UI: ${stack.temporal.ui}    API: ${stack.api.url}`);
    if (comparison.equal !== comparison.keys || comparison.presentShare < 0.9) {
      throw new Error(`online and offline disagree:\n${comparison.differences.slice(0, 10).join('\n')}`);
    }
  } finally {
    if (options.keep) steps.note(`The stack is running; stop it with: bin/asof -C ${path.relative('.', PROJECT)} down`);
    else {
      await steps.run('Stopping everything', () => asof(PROJECT, 'down'));
      if (options.quick) await rm(PROJECT, { recursive: true });
    }
  }
}

interface DescribedSource {
  /** What the source's ledger says of all its ingestions. */
  readonly conservation: { readonly rowsIn: number; readonly committed: number; readonly quarantined: number };
}

interface BuiltDataset extends Pick<BuildTrainingDatasetResult, 'rows' | 'leakage'> {
  /** The dataset as one Parquet file. */
  readonly file: string;
  readonly columns: number;
  readonly reused: boolean;
}

interface ListedDataset extends Pick<BuildTrainingDatasetResult, 'name' | 'version' | 'rows' | 'leakage'> {
  readonly columns: readonly unknown[];
}

/** Builds the dataset unless it exists from the same definitions. */
async function buildDataset(name: string, service: string, spine: string): Promise<BuiltDataset> {
  const file = path.join(PROJECT, 'data', `${name}.parquet`);
  const list = (): Promise<{ datasets: readonly ListedDataset[] }> => asof(PROJECT, 'dataset', 'list');
  const find = async (): Promise<ListedDataset | undefined> =>
    (await list()).datasets.filter((dataset) => dataset.name === name).at(-1);
  const existing = await find();
  if (!existing) await asof(PROJECT, 'dataset', 'build', name, '--spine', spine, '--service', service);
  const built = existing ?? (await find());
  if (!built) throw new Error(`dataset ${name} was built, but is not listed`);
  await rm(file, { force: true });
  await asof(PROJECT, 'dataset', 'export', `${name}@${built.version}`, '--out', file);
  const { rows, leakage, columns } = built;
  return { rows, leakage, columns: columns.length, file, reused: existing !== undefined };
}

function countLeaks(leakage: BuildTrainingDatasetResult['leakage']): number {
  return Object.values(leakage).reduce<number>((total, leaks) => total + (leaks === 'unknown' ? 0 : leaks), 0);
}

try {
  await demonstrate();
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
