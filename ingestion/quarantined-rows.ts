/** The rows of a source that were set aside, and what became of each. */
import type { Catalog } from '../catalog/catalog.ts';
import { SEQUENCE_COLUMN, type QuarantineOutcome } from '../contracts/lake.ts';
import type { Micros } from '../contracts/time.ts';
import type { EngineRow, Session } from '../engine/engine.ts';
import { literalText, literalTextList } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { RAW_COLUMN } from '../sources/source.ts';
import { sourceTable } from './plan-ingestion.ts';

/** `open`: it waits to be replayed or dropped. */
export type QuarantineStatus = 'open' | QuarantineOutcome;

export interface QuarantinedRow {
  /** Its sequence, which names it. */
  readonly id: bigint;
  readonly status: QuarantineStatus;
  /** The row as JSON text under the names of its input; for a message that is no JSON, its text. */
  readonly raw: string | null;
  readonly input: string;
  /** From 1; the offset of a message. */
  readonly row: bigint;
  /** In words, in the order in which they were found broken. */
  readonly rules: readonly string[];
  /** Null where the row has none that could be read. */
  readonly event: Micros | null;
  readonly firstSeen: Micros;
  readonly run: string;
}

/** Which rows: all of these must hold. */
export interface QuarantineFilter {
  readonly status?: QuarantineStatus;
  /** One of its broken rules has this text in it. */
  readonly rule?: string;
  readonly ids?: readonly bigint[];
}

/** How many rows have a status, and a rule among those that they broke. */
export interface QuarantineCount {
  readonly status: QuarantineStatus;
  readonly rule: string;
  readonly rows: number;
  readonly firstSeen: Micros;
}

type Stores = { readonly catalog: Pick<Catalog, 'tables'>; readonly lake: Lake };

const ENDED_TABLE = 'ended';
const QUARANTINE_TABLE = 'quarantined';

/** A temporary view of the session, with the columns of `QuarantinedRow`. Undefined for a source that never had such a row. */
export async function openQuarantine(
  { catalog, lake }: Stores,
  session: Session,
  source: { readonly project: string; readonly name: string },
): Promise<string | undefined> {
  const table = sourceTable(source.project, source.name);
  const { files } = await catalog.tables.files({ ...table, kind: 'quarantine' });
  if (files.length === 0) return undefined;
  const paths = await Promise.all(files.map((file) => lake.checkedPath(file)));
  const ended = await catalog.tables.endedQuarantine(table);
  await session.run(`CREATE TEMP TABLE ${ENDED_TABLE} (range_start BIGINT, range_end BIGINT, outcome VARCHAR)`);
  await session.append(ENDED_TABLE, [
    { values: BigInt64Array.from(ended, ({ start }) => start) },
    { values: BigInt64Array.from(ended, ({ end }) => end) },
    { values: ended.map(({ outcome }) => outcome) },
  ]);
  const rows = `read_parquet(${literalTextList(paths)}, union_by_name = true)`;
  // a row that was replayed and whose input was replaced later is gone, too
  const outcome = `(SELECT min(outcome) FROM ${ENDED_TABLE} WHERE ${SEQUENCE_COLUMN} >= range_start AND ${SEQUENCE_COLUMN} < range_end)`;
  await session.run(
    `CREATE TEMP TABLE ${QUARANTINE_TABLE} AS SELECT ${SEQUENCE_COLUMN} AS id, coalesce(${outcome}, 'open') AS status,
       raw AS ${RAW_COLUMN}, input, row, rules, event, quarantined_at, run FROM ${rows}`,
  );
  return QUARANTINE_TABLE;
}

/** A condition over the relation of `openQuarantine`. */
export function quarantineCondition({ status, rule, ids }: QuarantineFilter): string {
  return [
    'true',
    ...(status === undefined ? [] : [`status = ${literalText(status)}`]),
    ...(rule === undefined ? [] : [`len(list_filter(rules, lambda r: contains(r, ${literalText(rule)}))) > 0`]),
    ...(ids === undefined ? [] : [ids.length === 0 ? 'false' : `id IN (${ids.join(', ')})`]),
  ].join(' AND ');
}

/** Counts by status and rule, the most rows first. A row that broke several rules counts for each. */
export async function countQuarantined(session: Session, relation: string): Promise<readonly QuarantineCount[]> {
  const rows = await session.rows(
    `SELECT status, rule, count(*) AS n, min(quarantined_at) AS seen
     FROM (SELECT status, unnest(rules) AS rule, quarantined_at FROM ${relation}) GROUP BY ALL ORDER BY n DESC, status, rule`,
  );
  return rows.map((row) => ({
    status: row['status'] as QuarantineStatus,
    rule: row['rule'] as string,
    rows: Number(row['n']),
    firstSeen: row['seen'] as Micros,
  }));
}

/** Rows by status. */
export async function quarantineTotals(
  session: Session,
  relation: string,
): Promise<Readonly<Record<QuarantineStatus, number>>> {
  const rows = await session.rows(`SELECT status, count(*) AS n FROM ${relation} GROUP BY 1`);
  const totals = { open: 0, replayed: 0, dropped: 0, replaced: 0 };
  for (const row of rows) totals[row['status'] as QuarantineStatus] = Number(row['n']);
  return totals;
}

/** In order of their sequences. */
export async function readQuarantined(
  session: Session,
  relation: string,
  filter: QuarantineFilter,
  limit: number,
): Promise<readonly QuarantinedRow[]> {
  const rows = await session.rows(
    `SELECT * FROM ${relation} WHERE ${quarantineCondition(filter)} ORDER BY id LIMIT ${limit}`,
  );
  return rows.map(quarantinedRow);
}

function quarantinedRow(row: EngineRow): QuarantinedRow {
  return {
    id: row['id'] as bigint,
    status: row['status'] as QuarantineStatus,
    raw: row[RAW_COLUMN] as string | null,
    input: row['input'] as string,
    row: row['row'] as bigint,
    rules: row['rules'] as readonly string[],
    event: row['event'] as Micros | null,
    firstSeen: row['quarantined_at'] as Micros,
    run: row['run'] as string,
  };
}
