/** What became of rows that were set aside. They stand under the sequences that they have in their source's table, committed or not. */
import { sql } from 'kysely';
import type { CatalogTransaction, Queries } from './database.ts';
import { insertRows } from './insert.ts';
import { tableName } from './rows.ts';
import { AsofError } from '../contracts/errors.ts';
import type { EndedQuarantine, SequenceRange, TableKey } from '../contracts/lake.ts';

export interface QuarantineEnding {
  readonly table: TableKey;
  readonly tableId: number;
  readonly runId: string;
  readonly ranges: readonly SequenceRange[];
  /** The snapshot that has the rows now; null for rows that are dropped. */
  readonly snapshot: number | null;
}

/** Ends rows once: throws `COMMIT_CONFLICT` when one of them was ended already, or its input was replaced. The table is locked. */
export async function endQuarantined(tx: CatalogTransaction, ending: QuarantineEnding): Promise<void> {
  const { table, tableId, runId, ranges, snapshot } = ending;
  if (ranges.length === 0) return;
  const overlapping = (other: string) => sql`exists (
    select 1 from ${sql.table(`asof.${other}`)} o
    where o.table_id = ${tableId} and o.sequence_start < mine.range_end and mine.range_start < o.sequence_end)`;
  const ended = await sql`
    select 1 from unnest(${ranges.map(({ start }) => start)}::int8[], ${ranges.map(({ end }) => end)}::int8[])
      as mine (range_start, range_end)
    where ${overlapping('quarantine_ends')} or ${overlapping('removed_sequences')} limit 1`.execute(tx);
  if (ended.rows.length > 0) throw new AsofError('COMMIT_CONFLICT', { table: tableName(table), base: snapshot ?? 0 });
  await insertRows(
    tx,
    'quarantine_ends',
    ranges.map(({ start, end }) => ({
      table_id: tableId,
      sequence_start: start,
      sequence_end: end,
      outcome: snapshot === null ? 'dropped' : 'replayed',
      snapshot,
      run_id: runId,
    })),
  );
}

/** In order. Rows that were replayed and whose input was replaced later come twice. */
export async function endedQuarantine(db: Queries, tableId: number): Promise<readonly EndedQuarantine[]> {
  const { rows } = await sql<EndedQuarantine>`
    select sequence_start as start, sequence_end as "end", outcome from asof.quarantine_ends where table_id = ${tableId}
    union all
    select sequence_start, sequence_end, 'replaced' from asof.removed_sequences where table_id = ${tableId}
    order by 1, 2`.execute(db);
  return rows;
}
