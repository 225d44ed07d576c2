/** From the lake to Redis for an as-of view: the greatest due row of each key. */
import type { SequenceRange } from '../contracts/lake.ts';
import type { Session } from '../engine/engine.ts';
import { identifierList, quoteIdentifier } from '../engine/sql.ts';
import { keysEqual, relationKeys } from '../offline/event-relation.ts';
import { extremesSql, rowOrderSql, type OrderExtremes } from '../offline/row-order-sql.ts';
import { createAsofCodec } from './asof-state.ts';
import { packKeys } from './entity-key.ts';
import { deleteKeysWithoutRows } from './lost-keys.ts';
import type { Position } from './position.ts';
import { isDeleted, orderHalves, rowPlaces, rowSelection } from './row-selection.ts';
import type { SnapshotReader } from './source-snapshot.ts';
import type { StateWriter } from './state-writer.ts';

/**
 * Writes the keys that may have changed since `base`, or all keys without one. Rows that came are enough where none went:
 * the writer keeps the greater one. A key that lost rows is chosen again from everything.
 */
export async function materializeAsof(
  session: Session,
  snapshot: SnapshotReader,
  base: Position | undefined,
  openWriter: (removed: readonly SequenceRange[]) => StateWriter,
  onRows: (rows: number) => void,
): Promise<StateWriter> {
  if (base === undefined) {
    const writer = openWriter([]);
    await writeGreatest(session, snapshot, await snapshot.rows(session), writer, onRows);
    return writer;
  }
  const removed = await snapshot.rowsRemovedSince(session, base);
  const writer = openWriter(removed.sequences);
  await writeGreatest(session, snapshot, await snapshot.rowsSince(session, base), writer, onRows);
  if (removed.sequences.length > 0) await rewriteLosers(session, snapshot, removed.rows, writer, onRows);
  return writer;
}

/** The keys that have a state: SELECT of the view's keys, without repeats. */
export async function asofKeys(session: Session, snapshot: SnapshotReader): Promise<string> {
  return `SELECT DISTINCT ${identifierList(relationKeys(snapshot.view))} FROM (${await snapshot.rows(session)})`;
}

/** Writes those keys of a table that have due rows, each from all of them. */
export async function writeAsofKeys(
  session: Session,
  snapshot: SnapshotReader,
  table: string,
  writer: StateWriter,
  onRows: (rows: number) => void = () => undefined,
): Promise<void> {
  const theirs = `SELECT e.* FROM (${await snapshot.rows(session)}) e
SEMI JOIN ${quoteIdentifier(table)} k ON ${keysEqual(relationKeys(snapshot.view), 'e', 'k')}`;
  await writeGreatest(session, snapshot, theirs, writer, onRows);
}

async function rewriteLosers(
  session: Session,
  snapshot: SnapshotReader,
  removed: string,
  writer: StateWriter,
  onRows: (rows: number) => void,
): Promise<void> {
  const keys = relationKeys(snapshot.view);
  await session.run(
    `CREATE OR REPLACE TEMP TABLE __losers AS SELECT DISTINCT ${identifierList(keys)} FROM (${removed})`,
  );
  await writeAsofKeys(session, snapshot, '__losers', writer, onRows);
  await deleteKeysWithoutRows(session, snapshot, '__losers', await snapshot.rows(session), writer);
}

async function writeGreatest(
  session: Session,
  snapshot: SnapshotReader,
  rows: string,
  writer: StateWriter,
  onRows: (rows: number) => void,
): Promise<void> {
  const { view, source } = snapshot;
  const codec = createAsofCodec(view, source);
  const keyTypes = view.keys.map(({ type }) => type);
  const keys = relationKeys(view);
  const select = await greatestSql(session, keys, rows, {
    deleted: source.operation !== null,
    columns: codec.columns.map(({ name }) => name),
  });
  if (select === undefined) return;
  const places = rowPlaces(keys.length, codec.columns.length);
  await session.visit(select, async (batch) => {
    const keyAt = packKeys(keyTypes, batch.columns.slice(...places.keys));
    const stateAt = codec.pack({
      order: orderHalves(batch, places),
      isDeleted: (row) => isDeleted(batch, places, row),
      columns: batch.columns.slice(...places.values),
    });
    for (let row = 0; row < batch.rows; row += 1) {
      const written = writer.write(keyAt(row), stateAt(row));
      // awaiting only a full batch spares a promise per row
      if (written !== undefined) await written;
    }
    onRows(batch.rows);
  });
}

/** Keys, times, sequence and columns of each key's greatest row; undefined when there are no rows. */
export async function greatestSql(
  session: Session,
  keys: readonly string[],
  rows: string,
  read: { readonly deleted: boolean; readonly columns: readonly string[] },
): Promise<string | undefined> {
  const [extremes] = await session.rows(extremesSql(rows));
  if (extremes === undefined || extremes['minEvent'] === null) return undefined;
  const order = rowOrderSql(extremes as unknown as OrderExtremes);
  // the sequence is not taken out of the order again: dividing integers of 128 bits takes longer than all the rest
  const greatest = `SELECT arg_max(__seq, ${order.order}) AS __seq FROM (${rows}) GROUP BY ${identifierList(keys)}`;
  return `SELECT ${rowSelection(keys, read.columns, read.deleted)} FROM (${rows}) SEMI JOIN (${greatest}) USING (__seq)`;
}
