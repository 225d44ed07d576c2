/** Inserts of any number of rows: PostgreSQL takes at most 65,535 parameters in one statement. */
import type { Insertable } from 'kysely';
import type { LedgerAppend, LineageEvent } from './catalog.ts';
import type { CatalogTransaction } from './database.ts';
import { ledgerRow } from './rows.ts';
import type { CatalogSchema } from './schema.ts';

const ROWS_PER_STATEMENT = 1000;

export async function insertRows<Table extends keyof CatalogSchema>(
  tx: CatalogTransaction,
  table: Table,
  rows: readonly Insertable<CatalogSchema[Table]>[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    const values = rows.slice(start, start + ROWS_PER_STATEMENT);
    await tx.insertInto(table).values(values).execute();
  }
}

/** Ledger entries; one that an earlier call wrote with the same idempotency key stays as it is. */
export async function insertLedger(
  tx: CatalogTransaction,
  entries: readonly LedgerAppend[],
  tableSnapshot: number | null,
): Promise<void> {
  for (let start = 0; start < entries.length; start += ROWS_PER_STATEMENT) {
    const values = entries.slice(start, start + ROWS_PER_STATEMENT).map((entry) => ledgerRow(entry, tableSnapshot));
    await tx
      .insertInto('ledger')
      .values(values)
      .onConflict((conflict) => conflict.constraint('ledger_once').doNothing())
      .execute();
  }
}

/** Lineage events for the outbox; a run's event of one type and job is written once. */
export async function insertLineage(
  tx: CatalogTransaction,
  project: string,
  events: readonly LineageEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const values = events.map((event) => ({
    project,
    run_id: event.runId,
    type: event.type,
    job: event.job,
    inputs: JSON.stringify(event.inputs),
    outputs: JSON.stringify(event.outputs),
  }));
  await tx
    .insertInto('lineage_outbox')
    .values(values)
    .onConflict((conflict) => conflict.constraint('lineage_once').doNothing())
    .execute();
}
