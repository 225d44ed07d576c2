/** Database rows to the contracts' types and back, one pair per table. */
import type { Insertable, Selectable } from 'kysely';
import type { LedgerAppend, LedgerEntry } from './catalog.ts';
import type { CatalogSchema } from './schema.ts';
import type { CommittedFile, Conservation, DataFile, IngestedInput, TableKey } from '../contracts/lake.ts';

type Row<Table extends keyof CatalogSchema> = Selectable<CatalogSchema[Table]>;
type NewRow<Table extends keyof CatalogSchema> = Insertable<CatalogSchema[Table]>;

/** The table's name in messages. */
export function tableName(table: TableKey): string {
  return `${table.project}/${table.kind}/${table.name}${table.version === '' ? '' : `@${table.version}`}`;
}

export function committedFile(row: Row<'files'>): CommittedFile {
  return {
    id: row.id,
    path: row.path,
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    checksum: row.checksum,
    minEvent: row.min_event,
    maxEvent: row.max_event,
    maxCreated: row.max_created,
    minSequence: row.min_sequence,
    maxSequence: row.max_sequence,
    bucket: row.bucket,
    columns: row.columns,
    ...(row.statistics && { statistics: row.statistics }),
    addedBy: row.begin_snapshot,
    rowsFrom: row.rows_from ?? row.begin_snapshot,
  };
}

/** `rowsFrom`: the snapshot that brought the rows, when an earlier one did. */
export function fileRow(
  file: DataFile,
  tableId: number,
  snapshot: number,
  rowsFrom: number | null = null,
): NewRow<'files'> {
  return {
    id: file.id,
    table_id: tableId,
    path: file.path,
    rows: BigInt(file.rows),
    bytes: BigInt(file.bytes),
    checksum: file.checksum,
    min_event: file.minEvent,
    max_event: file.maxEvent,
    max_created: file.maxCreated,
    min_sequence: file.minSequence,
    max_sequence: file.maxSequence,
    bucket: file.bucket,
    columns: JSON.stringify(file.columns),
    statistics: file.statistics === undefined ? null : JSON.stringify(file.statistics),
    rows_from: rowsFrom,
    begin_snapshot: snapshot,
    end_snapshot: null,
  };
}

export function ingestedInput(row: Row<'inputs'>): IngestedInput {
  const { range_from: from, range_to: to } = row;
  return {
    path: row.path,
    checksum: row.checksum,
    bytes: Number(row.bytes),
    rows: Number(row.rows),
    sequenceStart: row.sequence_start,
    range: from === null || to === null ? null : { from, to },
  };
}

export function inputRow(input: IngestedInput, tableId: number, snapshot: number): NewRow<'inputs'> {
  return {
    table_id: tableId,
    path: input.path,
    checksum: input.checksum,
    bytes: BigInt(input.bytes),
    rows: BigInt(input.rows),
    sequence_start: input.sequenceStart,
    range_from: input.range?.from ?? null,
    range_to: input.range?.to ?? null,
    begin_snapshot: snapshot,
    end_snapshot: null,
  };
}

export function conservationRow(entry: Conservation, tableId: number, snapshot: number): NewRow<'conservation'> {
  return {
    table_id: tableId,
    snapshot,
    range_from: entry.range.from,
    range_to: entry.range.to,
    rows_in: BigInt(entry.rowsIn),
    committed: BigInt(entry.committed),
    quarantined: BigInt(entry.quarantined),
    deduplicated: BigInt(entry.deduplicated),
    expired: BigInt(entry.expired ?? 0),
  };
}

export function ledgerEntry(row: Row<'ledger'>): LedgerEntry {
  return {
    project: row.project,
    view: row.view,
    fingerprint: row.fingerprint,
    store: row.store,
    range: { from: row.range_from, to: row.range_to },
    operation: row.operation,
    idempotencyKey: row.idempotency_key,
    runId: row.run_id,
    inputSnapshot: row.input_snapshot,
    rowsIn: Number(row.rows_in),
    rowsOut: Number(row.rows_out),
    position: row.position,
    createdAt: row.created_at,
  };
}

export function ledgerRow(entry: LedgerAppend, tableSnapshot: number | null): NewRow<'ledger'> {
  return {
    project: entry.project,
    view: entry.view,
    fingerprint: entry.fingerprint,
    store: entry.store,
    range_from: entry.range.from,
    range_to: entry.range.to,
    operation: entry.operation,
    idempotency_key: entry.idempotencyKey,
    run_id: entry.runId,
    input_snapshot: entry.inputSnapshot,
    table_snapshot: tableSnapshot,
    rows_in: BigInt(entry.rowsIn),
    rows_out: BigInt(entry.rowsOut),
  };
}
