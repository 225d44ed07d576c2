/** Rows of a program as an input of its source: under one block of sequences, however often they are pushed and to which store. */
import type { Catalog } from '../catalog/catalog.ts';
import type { TableKey } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { jsonRelation } from '../sources/jsonl-relation.ts';
import { planReading } from '../sources/reading.ts';
import { sourceTable } from './plan-ingestion.ts';
import { rowJson } from './row-json.ts';
import type { StagedInput } from './staged-table.ts';

/** A row's properties are our column names; a column that is not there is null. */
export type PushedRow = Readonly<Record<string, unknown>>;

export interface PushedBlock {
  readonly table: TableKey;
  /** Of the push within the catalog. */
  readonly key: string;
  /** The sequence of the first row; row i has `sequenceStart + i`. */
  readonly sequenceStart: bigint;
}

const PUSHED_TABLE = 'pushed';
/** Stands for the path of an input in errors and in the quarantine. */
const PUSHED_ROWS = 'pushed rows';

/** The same block for the same key. Throws `IDEMPOTENCY_MISMATCH` for another number of rows under it. */
export async function reservePushedRows(
  { tables }: Pick<Catalog, 'tables'>,
  push: {
    readonly project: string;
    readonly source: string;
    readonly rows: readonly PushedRow[];
    readonly idempotencyKey: string;
  },
): Promise<PushedBlock> {
  const { project, source, rows, idempotencyKey } = push;
  const table = sourceTable(project, source);
  const key = `append ${project} ${source} ${idempotencyKey}`;
  return { table, key, sequenceStart: await tables.reserveSequences({ table, key, count: BigInt(rows.length) }) };
}

/** Pushed rows have our names already, and need not name every column. */
export async function readPushedRows(
  session: Session,
  source: StoredSourceManifest,
  rows: readonly PushedRow[],
  sequenceStart: bigint,
): Promise<StagedInput> {
  await session.run(`CREATE TEMP TABLE ${PUSHED_TABLE} (json JSON)`);
  const expected = source.columns.map(({ name }) => name);
  const nulls = Object.fromEntries(expected.map((name) => [name, null]));
  await session.append(PUSHED_TABLE, [{ values: rows.map((row) => rowJson({ ...nulls, ...row })) }]);
  const lines = `(SELECT json FROM ${PUSHED_TABLE} ORDER BY rowid)`;
  const columns = source.columns.map((column) => ({ ...column, from: column.name }));
  const raw = await jsonRelation(session, { where: source.name, path: PUSHED_ROWS, expected }, lines);
  return { reading: planReading({ ...source, columns }, PUSHED_ROWS, raw), sequenceStart, take: null, skip: [] };
}
