/** What must hold once everything has settled, by the names of the reliability table. Each check answers what is wrong. */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../catalog/catalog.ts';
import { checkLake } from '../../lake/fsck.ts';
import { runtimeFromBundle } from '../../definitions/loading.ts';
import { exportDataset } from '../../offline/dataset-export.ts';
import { planFeatures } from '../../offline/fitted-plan.ts';
import { retrieveHistorical } from '../../offline/retrieval.ts';
import { createLakeReader } from '../../online/lake-reader.ts';
import { readOnlineVectors } from '../../online/online-reads.ts';
import { createRecordedPositions } from '../../online/recorded-positions.ts';
import type { ChaosPlatform } from './chaos-platform.ts';
import { committedInputs, queryCatalog, worldRows } from './committed-rows.ts';
import { ACCOUNTS, DAYS, DAY_MILLIS, FIRST_DAY, SOURCE, VIEWS } from './definitions.ts';
import type { Dice } from './dice.ts';
import { expectedValues, plain, type Question } from './expected-values.ts';
import type { InputFiles } from './input-files.ts';
import { drawQuestions, writeSpine } from './workload.ts';

export interface Evidence {
  readonly platform: ChaosPlatform;
  readonly files: InputFiles;
  /** The spine of each dataset that was asked for. */
  readonly spines: ReadonlyMap<string, readonly Question[]>;
  readonly dice: Dice;
}

type Check = (evidence: Evidence) => Promise<readonly string[]>;

const INVARIANTS: Readonly<Record<string, Check>> = {
  'I1: fsck finds every snapshot whole': async ({ platform }) => {
    const { problems } = await checkLake({ ...platform, deep: true });
    return problems.map(({ path: place, problem }) => `${place}: ${problem}`);
  },
  'I2: ledger and rows agree, and every interval was done once for each run': checkLedger,
  'I3, I10: values offline are those of the oracle over the committed rows': checkOffline,
  'I3: every dataset has the values of the oracle over the rows of its snapshot': checkDatasets,
  'I4, I10: values online are those of the oracle over the committed rows': checkOnline,
  'I5: the files as they are, and no others, are committed; each row is committed or quarantined': checkInputs,
  'I6: every execution has ended, as its record says': checkEnds,
  'I7: every run has one terminal lineage event, of the kind of its end': checkLineage,
};

/** By name of the invariant; empty when all hold. */
export async function findBreaches(evidence: Evidence): Promise<Readonly<Record<string, readonly string[]>>> {
  const breaches: Record<string, readonly string[]> = {};
  for (const [name, check] of Object.entries(INVARIANTS)) {
    const found = await check(evidence).catch((error: unknown) => [`the check itself failed: ${String(error)}`]);
    if (found.length > 0) breaches[name] = found;
  }
  return breaches;
}

async function checkLedger({ platform, files }: Evidence): Promise<readonly string[]> {
  const { catalog, project, applied, settings } = platform;
  const { snapshot } = await catalog.tables.files(sourceTable(project));
  const rows = worldRows(await committedInputs(settings.catalogUrl, SOURCE, snapshot), files);
  const wrong: string[] = [];
  for (const view of VIEWS) {
    const { fingerprint } = applied.manifest.views.find(({ name }) => name === view)!;
    const table = await catalog.tables.files({ project, kind: 'view', name: view, version: fingerprint });
    const held = table.files
      .filter(({ minSequence }) => minSequence !== null)
      .reduce((sum, file) => sum + file.rows, 0);
    if (held !== rows.length) wrong.push(`${view} holds ${held} rows, the source ${rows.length}`);
    const entries = await catalog.intervals.entries({ project, view, fingerprint, store: 'offline' });
    const done = entries.filter(({ operation }) => operation === 'done').map(({ idempotencyKey }) => idempotencyKey);
    if (new Set(done).size !== done.length) wrong.push(`${view}: an interval was done twice by one run`);
  }
  return wrong;
}

/** At the newest snapshot, whichever it is by the time of the read: may run while others commit. */
export async function checkOffline({ platform, files, dice }: Evidence): Promise<readonly string[]> {
  const { project, applied, catalog, directory, settings } = platform;
  const questions = drawQuestions(dice, 60);
  const plan = await planFeatures(catalog.fits, applied.manifest, { features: [...VIEWS] });
  const runtime = runtimeFromBundle(await catalog.definitions.bundle(applied.bundleHash));
  const work = path.join(directory, 'work');
  const name = `questions-${dice.integer(2 ** 31)}`;
  const [spine, output] = [path.join(work, `${name}.csv`), path.join(work, `${name}-answers.jsonl`)];
  writeSpine(spine, questions);
  const { snapshots } = await catalog.work.during(project, () =>
    retrieveHistorical(
      { ...platform, tables: catalog.tables, intervals: catalog.intervals, workDirectory: work },
      { project, plan, runtime, spine: { kind: 'spine', path: spine }, asKnown: false, shortNames: false, output },
    ),
  );
  const snapshot = snapshots[SOURCE]!;
  const rows = worldRows(await committedInputs(settings.catalogUrl, SOURCE, snapshot), files);
  const answers = readLines(output);
  rmSync(spine);
  rmSync(output);
  return differences(questions, answers, expectedValues(plan, rows, questions), `offline, snapshot ${snapshot}`);
}

async function checkDatasets({ platform, files, spines }: Evidence): Promise<readonly string[]> {
  const { project, catalog, applied, settings, directory } = platform;
  const plan = await planFeatures(catalog.fits, applied.manifest, { features: [...VIEWS] });
  const wrong: string[] = [];
  for (const dataset of await catalog.datasets.list(project)) {
    const questions = spines.get(dataset.name)!;
    const output = path.join(directory, 'work', `${dataset.name}-${dataset.version}.jsonl`);
    await exportDataset({ ...platform, workDirectory: path.join(directory, 'work') }, dataset, output);
    const rows = worldRows(await committedInputs(settings.catalogUrl, SOURCE, dataset.snapshots[SOURCE]!), files);
    const place = `dataset ${dataset.name}@${dataset.version}`;
    wrong.push(...differences(questions, readLines(output), expectedValues(plan, rows, questions), place));
  }
  return wrong;
}

async function checkOnline({ platform, files }: Evidence): Promise<readonly string[]> {
  const { project, catalog, applied, settings, redis } = platform;
  const plan = await planFeatures(catalog.fits, applied.manifest, { features: [...VIEWS] });
  const runtime = runtimeFromBundle(await catalog.definitions.bundle(applied.bundleHash));
  const snapshot = await catalog.tables.head(sourceTable(project));
  const rows = worldRows(await committedInputs(settings.catalogUrl, SOURCE, snapshot), files);
  const atMillis = FIRST_DAY + DAYS * DAY_MILLIS;
  const questions = ACCOUNTS.map((name) => ({ name, atMillis }));
  const { features } = await readOnlineVectors(
    { project, redis, positions: createRecordedPositions(catalog.intervals), lake: createLakeReader(platform) },
    { plan, runtime, entities: { name: [...ACCOUNTS] }, at: BigInt(atMillis) * 1000n },
  );
  const answers = ACCOUNTS.map((_, index) =>
    Object.fromEntries(features.map(({ column, cells }) => [column.name, plain(cells[index]!.value as never)])),
  );
  const wrong = [...differences(questions, answers, expectedValues(plan, rows, questions), 'online')];
  const sources = new Set(features.flatMap(({ cells }) => cells.map(({ servedFrom }) => servedFrom)));
  if (rows.length > 0 && !sources.has('online'))
    wrong.push(`nothing was served from Redis: ${[...sources].join(', ')}`);
  return wrong;
}

async function checkInputs({ platform, files }: Evidence): Promise<readonly string[]> {
  const { catalog, project } = platform;
  const table = sourceTable(project);
  const held = await catalog.tables.inputs(table);
  const wrong = held.flatMap(({ path: file, checksum }) =>
    files.current().get(file) === checksum ? [] : [`${file} is committed in a version that is no more`],
  );
  if (held.length !== files.current().size)
    wrong.push(`${held.length} inputs of ${files.current().size} are committed`);
  const rows = held.flatMap(({ checksum }) => files.rowsOf(checksum));
  const expected = rows.filter(({ name }) => name !== null).length;
  const committed = (await catalog.tables.files(table)).files.reduce((sum, file) => sum + file.rows, 0);
  if (committed !== expected) wrong.push(`${committed} rows are committed of ${expected}`);
  return wrong;
}

const ENDS: Readonly<Record<string, readonly RunRecord['state'][]>> = {
  // a backfill with intervals that failed completes, and is recorded as failed
  COMPLETED: ['completed', 'failed'],
  CONTINUED_AS_NEW: ['completed', 'failed', 'cancelled'],
  FAILED: ['failed'],
  CANCELLED: ['cancelled'],
};

async function checkEnds({ platform }: Evidence): Promise<readonly string[]> {
  const { client, catalog, project } = platform;
  const running = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const one of client.workflow.list({ query: `ExecutionStatus = "Running"` })) found.push(one.workflowId);
    return found;
  };
  // what Temporal lists is a little behind
  for (let attempt = 0; attempt < 60 && (await running()).length > 0; attempt++) await sleep(500);
  const wrong = (await running()).map((id) => `${id} is still running`);
  for await (const { workflowId, runId, status } of client.workflow.list()) {
    const record = await catalog.runs.get(runId);
    if (record === undefined) wrong.push(`${workflowId} (${status.name}) has no record`);
    else if (!ENDS[status.name]?.includes(record.state))
      wrong.push(`${workflowId} is ${status.name}, its record ${record.state}`);
  }
  const open = (await catalog.runs.list(project, 10_000)).filter(({ state }) => state === 'running');
  return [...wrong, ...open.map(({ workflowId }) => `the record of ${workflowId} is still running`)];
}

const EVENTS = { completed: 'COMPLETE', failed: 'FAIL', cancelled: 'ABORT', running: 'none' } as const;

async function checkLineage({ platform }: Evidence): Promise<readonly string[]> {
  const { settings, catalog, project } = platform;
  const events = await queryCatalog<{ id: string; type: string }>(
    settings.catalogUrl,
    `select run_id as id, type from asof.lineage_outbox where type <> 'START'`,
  );
  return (await catalog.runs.list(project, 10_000)).flatMap(({ id, workflowId, state }) => {
    const types = events.filter((event) => event.id === id).map(({ type }) => type);
    return types.length === 1 && types[0] === EVENTS[state] ? [] : [`${workflowId}, ${state}: ${types.join(', ')}`];
  });
}

function differences(
  questions: readonly Question[],
  answers: readonly Readonly<Record<string, unknown>>[],
  expected: readonly Readonly<Record<string, unknown>>[],
  place: string,
): readonly string[] {
  if (answers.length !== expected.length) return [`${place}: ${answers.length} rows for ${expected.length} questions`];
  return expected.flatMap((values, index) =>
    Object.entries(values).flatMap(([column, value]) => {
      const [actual, wanted] = [answers[index]![column] ?? null, value].map((one) => JSON.stringify(one));
      const { name, atMillis } = questions[index]!;
      const at = new Date(atMillis).toISOString();
      return actual === wanted ? [] : [`${place}: ${column} of ${name} at ${at} is ${actual}, not ${wanted}`];
    }),
  );
}

function readLines(file: string): readonly Readonly<Record<string, unknown>>[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

function sourceTable(project: string) {
  return { project, kind: 'source', name: SOURCE, version: '' } as const;
}
