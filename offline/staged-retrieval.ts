/**
 * A retrieval in steps that different processes can take, each with a session of its own: plan, then the units (entity
 * groups times shards), then the ranges of rows, then the summary. Between steps stand Parquet files in the lake and a plan
 * that is plain JSON. A step that is repeated finds its file and does nothing; the same plan gives the same bytes.
 */
import { rm } from 'node:fs/promises';
import type { EngineWish } from '../contracts/engines.ts';
import type { FileReference } from '../contracts/lake.ts';
import type { DefinitionRuntime, FeaturePlan } from '../contracts/plan.ts';
import { literalText, literalTextList } from '../engine/sql.ts';
import type { FileFacts } from '../lake/durable-file.ts';
import { recorded } from '../lake/recorded-file.ts';
import { assemble, outputNames, type Assembled } from './assembly.ts';
import type { EngineChoices } from './engine-choice.ts';
import { outputColumn } from './feature-columns.ts';
import type { FitUses } from '../contracts/fits.ts';
import { countFitUses } from './fit-uses.ts';
import { addLeakage, type Leakage } from './leakage.ts';
import { pinSnapshots } from './pinned-snapshots.ts';
import type { RetrievalDependencies } from './retrieval.ts';
import { decideSteps } from './retrieval-steps.ts';
import type { SpineColumn } from './spine.ts';
import { openSpine, readSpine, type SpineInput } from './spine-input.ts';
import { computeUnit, createUnitTable, entityGroups, type EntityGroup, type UnitTable } from './unit.ts';
import { makeWorkDirectory } from './work-directory.ts';

const MOST_RANGE_ROWS = 1_000_000;
const RANGE_CELLS = 20_000_000;

export interface StagedRequest {
  readonly project: string;
  readonly plan: FeaturePlan;
  readonly spine: SpineInput;
  readonly asKnown: boolean;
  readonly shortNames: boolean;
  /** Source name to snapshot; the newest where none is named. */
  readonly snapshots?: Readonly<Record<string, number>>;
  /** Default: by the numbers of rows. */
  readonly shards?: number | undefined;
  /** Whether tiles of view tables stand for rows: true wherever they can, false never. Default: where they pay. */
  readonly tiles?: boolean | undefined;
  /** For every view; default: what each view says. */
  readonly engine?: EngineWish | undefined;
  /** Path in the lake below which spine, units and parts are written. One retrieval only. */
  readonly directory: string;
}

/** Plain JSON. */
export interface RetrievalPlan {
  readonly project: string;
  readonly plan: FeaturePlan;
  readonly asKnown: boolean;
  readonly shortNames: boolean;
  readonly directory: string;
  /** Source name to pinned snapshot. */
  readonly snapshots: Readonly<Record<string, number>>;
  /** Of the sources that were read to find the spine's rows. */
  readonly spineSnapshots?: Readonly<Record<string, number>>;
  /** The prepared spine. */
  readonly spine: FileReference;
  readonly columns: readonly SpineColumn[];
  /** Microseconds as text; null without rows. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  /** The fits behind the features. */
  readonly fits: FitUses;
  readonly groups: readonly EntityGroup[];
  readonly tiles?: boolean | undefined;
  /** Absent in plans from before there was a choice: DuckDB. */
  readonly engines?: EngineChoices;
  readonly shards: number;
  /** Numbers of units and ranges: each is a step, numbered from 0. */
  readonly units: number;
  readonly ranges: number;
  /** Rows of every range but the last; a million in plans that do not say. */
  readonly rangeRows?: number;
}

/** A part of the output. */
export interface RetrievedPart extends Assembled {
  readonly file: FileReference;
}

export interface RetrievalSummary {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly leakage: Leakage;
  /** In the order of the rows. */
  readonly files: readonly FileReference[];
}

/** Pins the snapshots, copies the spine into the lake, and decides the steps. */
export async function planRetrieval(
  dependencies: RetrievalDependencies,
  request: StagedRequest,
): Promise<RetrievalPlan> {
  const { engine, lake, signal } = dependencies;
  const { project, plan, shortNames, directory } = request;
  const snapshots = await pinSnapshots(dependencies.tables, project, plan, request.snapshots);
  const work = await makeWorkDirectory(dependencies.workDirectory, 'plan');
  try {
    const path = `${directory}/spine.parquet`;
    const staged = await lake.stagingPath(path);
    const { prepared, spineSnapshots, fits } = await engine.session(async (session) => {
      const opened = await openSpine(session, dependencies, {
        ...{ project, plan, spine: request.spine, snapshots, directory: work },
      });
      const spine = await readSpine(session, { opened, plan, shortNames, table: '__spine' });
      await session.run(`COPY (SELECT * FROM __spine ORDER BY __row) TO ${literalText(staged)} ${PARQUET}`);
      return { prepared: spine, spineSnapshots: opened.snapshots, fits: await countFitUses(session, plan, '__spine') };
    }, signal);
    const { bytes, checksum } = await lake.publish(path);
    const groups = entityGroups(plan);
    const rangeRows = rowsOfRange(prepared.columns.length + plan.columns.length);
    const { shards, engines } = await decideSteps(dependencies, {
      ...{ project, plan, snapshots, prepared },
      memoryBytes: engine.memoryBytes,
      shards: request.shards,
      engine: request.engine,
    });
    return {
      project,
      plan,
      asKnown: request.asKnown,
      shortNames,
      directory,
      snapshots,
      spineSnapshots,
      spine: { uri: path, rows: prepared.rows, bytes, checksum },
      columns: prepared.columns,
      firstAt: prepared.firstAt?.toString() ?? null,
      lastAt: prepared.lastAt?.toString() ?? null,
      fits,
      groups,
      tiles: request.tiles,
      engines,
      shards,
      units: groups.length * shards,
      rangeRows,
      ranges: Math.max(1, Math.ceil(prepared.rows / rangeRows)),
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const PARQUET = '(FORMAT parquet, COMPRESSION zstd)';

function unitPath({ directory }: RetrievalPlan, group: number, shard: number): string {
  return `${directory}/units/${group}-${shard}.parquet`;
}

/** What the unit's file is: a unit is done once this is there. */
function unitRecordPath({ directory }: RetrievalPlan, group: number, shard: number): string {
  return `${directory}/units/${group}-${shard}.json`;
}

/** Stage one, step `unit`: the features of one entity group for one shard of the rows. */
export async function computePlannedUnit(
  dependencies: RetrievalDependencies & { readonly runtime?: DefinitionRuntime | undefined },
  retrieval: RetrievalPlan,
  unit: number,
): Promise<void> {
  const { lake } = dependencies;
  const group = Math.floor(unit / retrieval.shards);
  const shard = unit % retrieval.shards;
  const path = unitPath(retrieval, group, shard);
  const record = unitRecordPath(retrieval, group, shard);
  if (await lake.stat(record)) return;
  // an earlier call may have published it and not lived to record it
  const facts = (await lake.stat(path)) ? await lake.facts(path) : await writeUnit(dependencies, retrieval, unit);
  await lake.write(record, Buffer.from(JSON.stringify(facts)));
}

async function writeUnit(
  dependencies: RetrievalDependencies & { readonly runtime?: DefinitionRuntime | undefined },
  retrieval: RetrievalPlan,
  unit: number,
): Promise<FileFacts> {
  const { engine, lake, signal } = dependencies;
  const group = Math.floor(unit / retrieval.shards);
  const shard = unit % retrieval.shards;
  const path = unitPath(retrieval, group, shard);
  const spine = await lake.checkedPath(recorded(retrieval.spine));
  const staged = await lake.stagingPath(path);
  await engine.session(async (session) => {
    await computeUnit(session, dependencies, {
      project: retrieval.project,
      plan: retrieval.plan,
      group: retrieval.groups[group]!,
      shard: { index: shard, count: retrieval.shards },
      asKnown: retrieval.asKnown,
      tiles: retrieval.tiles,
      runtime: dependencies.runtime,
      spine: `read_parquet(${literalText(spine)})`,
      snapshots: retrieval.snapshots,
      firstAt: retrieval.firstAt === null ? null : BigInt(retrieval.firstAt),
      lastAt: retrieval.lastAt === null ? null : BigInt(retrieval.lastAt),
      engines: retrieval.engines ?? {},
      table: '__unit',
    });
    await session.run(`COPY (SELECT * FROM __unit) TO ${literalText(staged)} ${PARQUET}`);
  }, signal);
  return lake.publish(path);
}

/** Stage two, step `range`: one part of the output. All units must be there. */
export async function assemblePlannedRange(
  dependencies: RetrievalDependencies & { readonly runtime: DefinitionRuntime },
  retrieval: RetrievalPlan,
  range: number,
): Promise<RetrievedPart> {
  const { engine, lake, runtime, signal } = dependencies;
  const record = partRecordPath(retrieval, range);
  if (await lake.stat(record)) return readPart(dependencies, retrieval, range);
  const path = `${retrieval.directory}/parts/${String(range).padStart(5, '0')}.parquet`;
  const units = await Promise.all(retrieval.groups.map((_, group) => unitFiles(dependencies, retrieval, group)));
  const spine = await lake.checkedPath(recorded(retrieval.spine));
  const target = await lake.stagingPath(path);
  const { plan, columns, shortNames } = retrieval;
  const assembled = await engine.session(async (session) => {
    const rows = rangeSql(retrieval, range);
    await session.run(`CREATE TEMP TABLE __spine AS SELECT * FROM read_parquet(${literalText(spine)}) WHERE ${rows}`);
    const tables: UnitTable[] = [];
    for (const [position, group] of retrieval.groups.entries()) {
      const table = `__group${position}`;
      const files = `read_parquet(${literalTextList(units[position]!)}) WHERE ${rows}`;
      tables.push(await createUnitTable(session, { plan, group, units: files, table }));
    }
    const spineTable = { columns, shortNames, spine: '__spine' };
    return assemble(session, { plan, runtime, ...spineTable, tables, format: 'parquet', target });
  }, signal);
  const { bytes, checksum } = await lake.publish(path);
  const part: RetrievedPart = { ...assembled, file: { uri: path, rows: assembled.rows, bytes, checksum } };
  await lake.write(record, Buffer.from(JSON.stringify(part)));
  return part;
}

async function unitFiles(
  { lake }: RetrievalDependencies,
  retrieval: RetrievalPlan,
  group: number,
): Promise<readonly string[]> {
  const shards = Array.from({ length: retrieval.shards }, (_, shard) => shard);
  return Promise.all(
    shards.map(async (shard) => {
      const record = await lake.read(unitRecordPath(retrieval, group, shard));
      const facts = JSON.parse(Buffer.from(record).toString()) as FileFacts;
      return lake.checkedPath({ path: unitPath(retrieval, group, shard), ...facts });
    }),
  );
}

/** The condition for the rows of a range. */
function rangeSql({ rangeRows = MOST_RANGE_ROWS, spine }: RetrievalPlan, range: number): string {
  return `__row >= ${range * rangeRows} AND __row < ${Math.min((range + 1) * rangeRows, spine.rows)}`;
}

/** Rows of one part of the output: fewer where they are wide, since a part is put in order in memory. */
function rowsOfRange(columns: number): number {
  return Math.min(MOST_RANGE_ROWS, Math.ceil(RANGE_CELLS / columns));
}

function partRecordPath({ directory }: RetrievalPlan, range: number): string {
  return `${directory}/parts/${String(range).padStart(5, '0')}.json`;
}

async function readPart(
  { lake }: Pick<RetrievalDependencies, 'lake'>,
  retrieval: RetrievalPlan,
  range: number,
): Promise<RetrievedPart> {
  const bytes = await lake.read(partRecordPath(retrieval, range));
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as RetrievedPart;
}

/** The whole output, once all ranges are there. */
export async function summarizeRetrieval(
  dependencies: Pick<RetrievalDependencies, 'lake'>,
  retrieval: RetrievalPlan,
): Promise<RetrievalSummary> {
  const { plan, columns } = retrieval;
  const parts = await Promise.all(
    Array.from({ length: retrieval.ranges }, (_, range) => readPart(dependencies, retrieval, range)),
  );
  const types = [
    ...columns.map(({ parquetType }) => parquetType),
    ...plan.columns.map((column) => outputColumn(plan, column).type),
  ];
  return {
    rows: parts.reduce((total, { rows }) => total + rows, 0),
    columns: outputNames(plan, columns, retrieval.shortNames).map((name, index) => ({ name, type: types[index]! })),
    leakage: addLeakage(parts.map(({ leakage }) => leakage)),
    files: parts.map(({ file }) => file),
  };
}
