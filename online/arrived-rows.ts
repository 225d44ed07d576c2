/**
 * Rows that come by themselves, of a stream or a push, before they are in the lake or without ever being there: cast, judged and
 * numbered as the lake's are, by the same code, and seen as a view sees them.
 */
import { SEQUENCE_COLUMN } from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { rejectRows, REJECTED_TABLE } from '../ingestion/rejected-rows.ts';
import { fillStagedTable, STAGED_TABLE, type StagedInput } from '../ingestion/staged-table.ts';
import { eventRelation, relationKeys, type RowTable } from '../offline/event-relation.ts';
import { refuseBrokenRows } from '../quality/row-gate.ts';
import { countsSql, hasEvents } from './due-rows.ts';
import type { EntityKey, KeyEncoder } from './entity-key.ts';
import { isDeleted, readCells, readRowOrder, rowPlaces, rowSelection } from './row-selection.ts';
import type { ArrivedRow, StateMerger } from './state-merger.ts';

export interface RowsOfView {
  readonly view: FeatureViewManifest;
  /** As the view sees it. */
  readonly seen: StoredSourceManifest;
  readonly merger: StateMerger;
  readonly keys: KeyEncoder;
}

export interface KeyedRow extends ArrivedRow {
  /** As the view's key encoder writes it. */
  readonly key: Uint8Array;
  readonly entity: EntityKey;
}

export interface ArrivedRows {
  /** Of the session, with the source's columns and the sequences. */
  readonly table: RowTable;
  /** Rows that are not in it: a rule sets them aside. */
  readonly rejected: number;
}

/**
 * Throws `QUALITY_GATE` for a rule that refuses the rows, `INPUT_VALUE_INVALID` for a value that a frozen contract does not let
 * pass: their ingestion would stop too. `where` says whose rows they are.
 */
export async function stageArrivedRows(
  session: Session,
  source: StoredSourceManifest,
  input: StagedInput,
  where: string,
): Promise<ArrivedRows> {
  const columns = await fillStagedTable(session, source, [input]);
  refuseBrokenRows(source, await rejectRows(session, source, [input]), where);
  const [counted] = await session.rows(`SELECT count(*) AS n FROM ${REJECTED_TABLE}`);
  const table = { from: STAGED_TABLE, columns: [{ name: SEQUENCE_COLUMN, type: 'int64' } as const, ...columns] };
  return { table, rejected: Number(counted!['n']) };
}

/** The rows that count at some instant, in order of their sequences. */
export async function readArrivedRows(
  session: Session,
  table: RowTable,
  { view, seen, merger, keys: encoder }: RowsOfView,
): Promise<readonly KeyedRow[]> {
  const identity = hasEvents(view, seen) ? [seen.eventId!] : [];
  const wanted = [...merger.columns, ...identity];
  const relation = eventRelation({ table: 'source', files: [], made: table, view, source: seen, columns: wanted });
  const keys = relationKeys(view);
  const places = rowPlaces(keys.length, wanted.length);
  const select = `SELECT ${rowSelection(keys, wanted, seen.operation !== null)} FROM (${relation}) WHERE ${countsSql(view, seen)} ORDER BY __seq`;
  const rows: KeyedRow[] = [];
  for await (const batch of session.stream(select)) {
    for (let row = 0; row < batch.rows; row += 1) {
      const values = readCells(batch, places.values, row);
      const id = identity.length === 0 ? null : values.pop()!;
      const entity = readCells(batch, places.keys, row);
      rows.push({
        key: encoder.encode(entity),
        entity,
        order: readRowOrder(batch, places, row),
        values: isDeleted(batch, places, row) ? null : values,
        id,
      });
    }
  }
  return rows;
}
