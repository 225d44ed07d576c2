/**
 * Views by Spark: DuckDB writes the requests to the lake, Spark reads them beside the source's files and writes what it found,
 * and DuckDB makes the result table of it. So Spark does the work that grows with the rows, and everything that is one value
 * a request (transforms, defaults, estimates) is the same code for both engines.
 */
import type { TableCatalog } from '../../catalog/catalog.ts';
import { AsofError } from '../../contracts/errors.ts';
import type { CommittedFile } from '../../contracts/lake.ts';
import type { Session } from '../../engine/engine.ts';
import type { Spark, SparkSession } from '../../engine/spark/spark.ts';
import { sparkIdentifier, sparkText, sparkType } from '../../engine/spark/spark-sql.ts';
import { literalText, quoteIdentifier } from '../../engine/sql.ts';
import type { Lake } from '../../lake/lake.ts';
import { usedColumns } from '../event-relation.ts';
import type { ViewEngine, ViewRequest } from '../view-engine.ts';
import { sourceFilesInRange } from '../view-reads.ts';
import { asOfSql } from './asof-sql.ts';
import type { SparkJob } from './spark-job.ts';
import { floatValuesJob, hashedFloats } from './float-hashes.ts';
import { sparkEvents } from './events-sql.ts';
import { asOfResultSql, overflowSql, windowResultSql } from './result-sql.ts';
import { StagedWork } from './staged-work.ts';
import { planSparkWindows, type SparkWindows } from './window-plan.ts';
import { windowSql } from './window-sql.ts';

/** A Spark that is configured. */
export interface SparkSetup {
  readonly spark: Spark;
  /** Views whose files hold more are computed by Spark when the engine is left to us. */
  readonly autoAboveBytes: number;
  /** Called again and again while Spark works. */
  readonly onProgress?: ((progress: SparkProgress) => void) | undefined;
}

export interface SparkViewsDependencies extends SparkSetup {
  readonly lake: Lake;
  readonly tables: TableCatalog;
  /** Answers where there is nothing for Spark to read. */
  readonly otherwise: ViewEngine;
  readonly signal?: AbortSignal | undefined;
}

export interface SparkProgress {
  readonly view: string;
  /** The statement under way, from 1, and how many there are. */
  readonly statement: number;
  readonly statements: number;
}

/**
 * Computing throws `SPARK_UNAVAILABLE`, `SPARK_FAILED` with the job's own error, and `INTEGER_OVERFLOW`. What stands in the
 * lake meanwhile is staged, and removed again.
 */
export function createSparkViews(dependencies: SparkViewsDependencies): ViewEngine {
  return {
    async computeView(session, request) {
      const work = new StagedWork(dependencies.lake);
      try {
        const inputs = await prepareInputs(dependencies, session, request, work);
        if (inputs === undefined) await dependencies.otherwise.computeView(session, request);
        else if (request.planned.view.mode === 'asof') await computeAsOf(dependencies, session, inputs, work);
        else await computeWindows(dependencies, session, inputs, work);
      } finally {
        await work.remove();
      }
    },
  };
}

/** A request with the source's files that can matter to it; not empty. */
interface SparkRequest extends ViewRequest {
  readonly files: readonly CommittedFile[];
}

/** Writes the requests. Undefined when no row can answer one of them. */
async function prepareInputs(
  { tables }: SparkViewsDependencies,
  session: Session,
  request: ViewRequest,
  work: StagedWork,
): Promise<SparkRequest | undefined> {
  const { project, snapshot, range, planned } = request;
  const needed = await sourceFilesInRange(tables, { project, source: planned.source, snapshot, range });
  if (needed.length === 0) return undefined;
  return (await writeRequests(session, request, work)) === 0 ? undefined : { ...request, files: needed };
}

async function computeAsOf(
  dependencies: SparkViewsDependencies,
  session: Session,
  request: SparkRequest,
  work: StagedWork,
): Promise<void> {
  const { planned, asKnown } = request;
  const { view, source } = planned;
  const columns = usedColumns(planned);
  await runJobs(dependencies, request, work, columns, (sources) => [
    {
      name: 'found',
      sql: asOfSql({
        ...sources,
        keys: view.keys.length,
        columns: columns.length,
        delayMicros: view.delayMicros,
        ttlMicros: view.ttlMicros,
        asKnown: source.created !== null && (asKnown || view.asKnown),
      }),
    },
  ]);
  await createResult(
    session,
    request,
    asOfResultSql(planned, request.requests, await work.relation('found', dependencies.spark.url)),
  );
}

async function computeWindows(
  dependencies: SparkViewsDependencies,
  session: Session,
  request: SparkRequest,
  work: StagedWork,
): Promise<void> {
  const { planned } = request;
  const plan = planSparkWindows(planned, request.asKnown);
  const methods = [...new Set(plan.features.map(({ method }) => method))];
  const floats = hashedFloats(plan);
  await runJobs(dependencies, request, work, plan.columns, (sources) => [
    ...(floats.length === 0 ? [] : [floatValuesJob(session, work, floats, sources, plan.keys)]),
    ...methods.map((method) => ({ name: method, sql: windowSql(method, plan, sources) })),
  ]);
  const files = new Map<(typeof methods)[number], string>();
  for (const method of methods) files.set(method, await work.relation(method, dependencies.spark.url));
  await refuseOverflow(session, request, plan, files);
  await createResult(session, request, windowResultSql(planned, plan, request.requests, files));
}

/** Has Spark write the result of each job. */
async function runJobs(
  { spark, lake, signal, onProgress }: SparkViewsDependencies,
  request: SparkRequest,
  work: StagedWork,
  columns: readonly string[],
  makeJobs: (sources: { readonly events: string; readonly requests: string }) => readonly SparkJob[],
): Promise<void> {
  const { view, source } = request.planned;
  const events = sparkEvents({ lake, files: request.files, view, source, columns, range: request.range });
  // Spark reads them by itself, now
  await Promise.all(request.files.map((file) => lake.check(file)));
  const jobs = makeJobs({ events: events.select, requests: `SELECT * FROM ${REQUESTS}` });
  await spark.session(async (running) => {
    await running.run(requestsViewSql(request, work.location(REQUESTS_FILE)));
    for (const statement of events.setup) await running.run(statement);
    for (const [index, { name, sql, then }] of jobs.entries()) {
      const progress = { view: view.name, statement: index + 1, statements: jobs.length };
      await writeOutput(running, work.location(name), sql, () => onProgress?.(progress));
      await then?.(running, spark.url);
    }
  }, signal);
}

const REQUESTS = 'asof_requests';
const REQUESTS_FILE = 'requests.parquet';

async function writeOutput(session: SparkSession, target: string, sql: string, onWait: () => void): Promise<void> {
  onWait();
  await session.run(`INSERT OVERWRITE DIRECTORY ${sparkText(target)} USING parquet\n${sql}`, onWait);
}

/** Requests with a null key match nothing, and stay here. Gives the number of the others. */
async function writeRequests(session: Session, request: ViewRequest, work: StagedWork): Promise<number> {
  const { requests, requestKeys } = request;
  const keys = requestKeys.map((key, index) => `${quoteIdentifier(key)} AS k${index}`);
  const known = requestKeys.map((key) => `${quoteIdentifier(key)} IS NOT NULL`).join(' AND ');
  const from = `FROM ${quoteIdentifier(requests)} WHERE ${known}`;
  const [counted] = await session.rows(`SELECT count(*) AS n ${from}`);
  const staged = await work.stage(REQUESTS_FILE);
  await session.run(
    `COPY (SELECT __row AS row, ${keys.join(', ')}, epoch_us(__at) AS at ${from}) TO ${literalText(staged)} (FORMAT parquet)`,
  );
  await work.publish(REQUESTS_FILE);
  return Number(counted!['n']);
}

function requestsViewSql({ planned }: ViewRequest, location: string): string {
  const keys = planned.view.keys.map(({ type }, index) => `${sparkIdentifier(`k${index}`)} ${sparkType(type)}`);
  const columns = ['row BIGINT', ...keys, 'at BIGINT'].join(', ');
  return `CREATE OR REPLACE TEMPORARY VIEW ${REQUESTS} (${columns}) USING parquet OPTIONS (path ${sparkText(location)})`;
}

async function refuseOverflow(
  session: Session,
  { planned }: ViewRequest,
  plan: SparkWindows,
  files: Parameters<typeof overflowSql>[1],
): Promise<void> {
  for (const { position, sql } of overflowSql(plan, files)) {
    const [found] = await session.rows(sql);
    if (found!['n'] === 0n) continue;
    const feature = planned.features[position]!;
    throw new AsofError('INTEGER_OVERFLOW', {
      where: `${planned.view.name}:${feature.name}`,
      column: feature.kind === 'aggregate' ? (feature.column ?? '') : '',
    });
  }
}

async function createResult(session: Session, { resultTable }: ViewRequest, select: string): Promise<void> {
  await session.run(`CREATE TEMP TABLE ${quoteIdentifier(resultTable)} AS ${select} ORDER BY r.__row`);
}
