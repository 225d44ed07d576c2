/** Point-in-time joins for programs: rows in, rows out; or from file to file. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import type { ColumnType, FeatureValue, JsonValue } from '../contracts/values.ts';
import { isPlainNumber } from '../definitions/normalization/feature-types.ts';
import { identifierList, literalText } from '../engine/sql.ts';
import { outputNames } from '../offline/assembly.ts';
import { retrieveHistorical, type RetrievalDependencies, type RetrievalRequest } from '../offline/retrieval.ts';
import { toTypeScript } from '../offline/typescript-values.ts';
import { makeWorkDirectory } from '../offline/work-directory.ts';
import type { CompiledDefinitions } from './applied-definitions.ts';
import { requestOf } from './choice.ts';
import { inputValue, readColumnValue } from './column-values.ts';
import type {
  Choice,
  HistoricalFile,
  HistoricalFileRequest,
  HistoricalRows,
  HistoricalRowsRequest,
  SpineRow,
} from './store.ts';

const EVENT_TIMESTAMP = 'event_timestamp';

interface HistoryDependencies extends RetrievalDependencies {
  readonly project: string;
}

/** Throws what `Store.getHistoricalFeatures` throws. */
export async function readHistory(
  dependencies: HistoryDependencies,
  { plan: planOf, runtime }: CompiledDefinitions,
  request: Choice & (HistoricalRowsRequest<SpineRow> | HistoricalFileRequest),
): Promise<HistoricalRows<SpineRow> | HistoricalFile> {
  const { asKnown = false, shortNames = false } = request;
  const { project } = dependencies;
  const retrieval = { project, plan: planOf(requestOf(request)), runtime, asKnown, shortNames };
  if (isOfFiles(request)) {
    const output = path.resolve(request.output);
    const spine = { kind: 'spine', path: path.resolve(request.spine) } as const;
    return { output, ...(await retrieveHistorical(dependencies, { ...retrieval, spine, output })) };
  }
  if (request.output !== undefined || !Array.isArray(request.spine)) {
    throw new AsofError('USAGE', { problem: 'give rows as the spine, or the paths of a spine and of an output' });
  }
  return retrieveRows(dependencies, retrieval, request.spine);
}

/** The spine's rows never leave this process but for the columns that the join needs. */
async function retrieveRows(
  dependencies: HistoryDependencies,
  retrieval: Omit<RetrievalRequest, 'spine' | 'output'>,
  spine: readonly SpineRow[],
): Promise<HistoricalRows<SpineRow>> {
  const { plan, shortNames } = retrieval;
  const lines = spine.map((row, index) => `${JSON.stringify(neededColumns(plan, row, index))}\n`);
  refuseCollisions(plan, shortNames, spine);
  const directory = await makeWorkDirectory(dependencies.workDirectory, 'rows');
  const [input, output] = [path.join(directory, 'spine.jsonl'), path.join(directory, 'output.parquet')];
  try {
    await writeFile(input, lines);
    const request = { ...retrieval, spine: { kind: 'spine', path: input } as const, output };
    const { snapshots, leakage, fits } =
      spine.length === 0 ? { snapshots: {}, leakage: {}, fits: {} } : await retrieveHistorical(dependencies, request);
    const features = spine.length === 0 ? [] : await readFeatures(dependencies, plan, shortNames, output);
    return { rows: spine.map((row, index) => ({ ...row, ...features[index] })), snapshots, leakage, fits };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Checked, and as JSON that the reader of a spine reads to the same values. */
function neededColumns(plan: FeaturePlan, row: SpineRow, index: number): Readonly<Record<string, JsonValue>> {
  const where = `spine[${index}]`;
  const invalid = (problem: string) => new AsofError('INVALID_VALUE', { where, problem });
  const read = (name: string, type: ColumnType, refuse = wrongValue): readonly [string, JsonValue] => {
    const value: unknown = row[name];
    if (value === undefined) throw invalid(`"${name}" is missing`);
    const json = value === null ? null : readColumnValue(value, type, null);
    if (json === undefined) throw refuse(name, type, value);
    return [name, inputValue(json, type)];
  };
  const wrongValue = (name: string, type: ColumnType, value: unknown) =>
    invalid(`"${name}": ${String(value)} is not a valid ${type}`);
  const wrongKey = (entity: string) => (key: string, expected: ColumnType, value: unknown) =>
    new AsofError('KEY_TYPE_MISMATCH', { where, key, entity, actual: String(value), expected });
  if (row[EVENT_TIMESTAMP] === null) throw invalid(`"${EVENT_TIMESTAMP}" is null`);
  return Object.fromEntries([
    ...plan.requestColumns.map(({ name, type }) => read(name, type)),
    ...plan.keyColumns.map(({ column, type, entity }) => read(column, type, wrongKey(entity))),
    read(EVENT_TIMESTAMP, 'timestamp'),
  ]);
}

/** The other columns of the spine stay with their rows: they must not have the name of a feature. */
function refuseCollisions(plan: FeaturePlan, shortNames: boolean, spine: readonly SpineRow[]): void {
  const columns = new Set(spine.flatMap((row) => Object.keys(row)));
  outputNames(
    plan,
    [...columns].map((name) => ({ name })),
    shortNames,
  );
}

/** The features of the output file, in the order of the spine. */
async function readFeatures(
  { engine }: HistoryDependencies,
  plan: FeaturePlan,
  shortNames: boolean,
  file: string,
): Promise<readonly Readonly<Record<string, FeatureValue>>[]> {
  const columns = plan.columns.map(({ name, feature }) => ({
    name: shortNames ? feature.name : name,
    type: feature.valueType,
    plain: isPlainNumber(feature),
  }));
  const rows = await engine.session((session) =>
    session.rows(
      `SELECT ${identifierList(columns.map(({ name }) => name))} ` +
        `FROM read_parquet(${literalText(file)}, file_row_number = true) ORDER BY file_row_number`,
    ),
  );
  return rows.map((row) =>
    Object.fromEntries(columns.map(({ name, type, plain }) => [name, toTypeScript(row[name]!, type, plain)])),
  );
}

function isOfFiles(request: HistoricalRowsRequest<SpineRow> | HistoricalFileRequest): request is HistoricalFileRequest {
  return typeof request.spine === 'string' && typeof request.output === 'string';
}
