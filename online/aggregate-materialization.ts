/** From the lake to Redis for an aggregate view: the tiles, rows and events of each key, made anew from its history. */
import type { SequenceRange } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import type { EngineValue, Session } from '../engine/engine.ts';
import { identifierList, literalBigint, quoteIdentifier } from '../engine/sql.ts';
import { countingRows, rowsOfEvents, UNTIL_COLUMN } from '../offline/event-identity.ts';
import { keysEqual, relationKeys } from '../offline/event-relation.ts';
import { createAggregateCodec, type AggregateBuilder } from './aggregate-state.ts';
import { keyedSql, knowsCreated } from './due-rows.ts';
import { createKeyEncoder } from './entity-key.ts';
import { deleteKeysWithoutRows } from './lost-keys.ts';
import type { Position } from './position.ts';
import { isDeleted, readCells, readRowOrder, rowPlaces, rowSelection } from './row-selection.ts';
import type { SnapshotReader } from './source-snapshot.ts';
import type { StateWriter } from './state-writer.ts';

/** Writes the keys whose rows came or went since `base`, or all keys without one. */
export async function materializeAggregates(
  session: Session,
  snapshot: SnapshotReader,
  base: Position | undefined,
  openWriter: (removed: readonly SequenceRange[]) => StateWriter,
  onRows: (rows: number) => void,
): Promise<StateWriter> {
  const { view, source } = snapshot;
  const keys = relationKeys(view);
  const due = await snapshot.rows(session);
  const writer = openWriter([]);
  if (base === undefined) {
    await writeStates(session, snapshot, countingOnly(snapshot, due), writer, onRows);
    return writer;
  }
  const removed = await snapshot.rowsRemovedSince(session, base);
  const changed = [await snapshot.rowsSince(session, base), removed.rows].map((rows) => `SELECT * FROM (${rows})`);
  const touched = sameEvents(changed.join(' UNION ALL BY NAME '), due, source);
  await session.run(
    `CREATE OR REPLACE TEMP TABLE __touched AS SELECT DISTINCT ${identifierList(keys)} FROM (${touched})`,
  );
  const theirs = rowsOfKeys(snapshot, due, '__touched');
  await writeStates(session, snapshot, theirs, writer, onRows);
  await deleteKeysWithoutRows(session, snapshot, '__touched', theirs, writer);
  return writer;
}

/** Writes those keys of a table that have due rows, each from all of them. */
export async function writeAggregateKeys(
  session: Session,
  snapshot: SnapshotReader,
  table: string,
  writer: StateWriter,
): Promise<void> {
  const theirs = rowsOfKeys(snapshot, await snapshot.rows(session), table);
  await writeStates(session, snapshot, theirs, writer, () => undefined);
}

/** Of the due rows those that count and have a key of the table. */
function rowsOfKeys(snapshot: SnapshotReader, due: string, table: string): string {
  const { source } = snapshot;
  const keys = relationKeys(snapshot.view);
  const chosen = quoteIdentifier(table);
  const own = source.eventId === null ? due : rowsOfEvents(due, `SELECT * FROM ${chosen}`, source.eventId, keys);
  return `SELECT e.* FROM (${countingOnly(snapshot, own)}) e SEMI JOIN ${chosen} k ON ${keysEqual(keys, 'e', 'k')}`;
}

/** The keys that have a state: SELECT of the view's keys, without repeats. */
export async function aggregateKeys(session: Session, snapshot: SnapshotReader): Promise<string> {
  const rows = countingOnly(snapshot, await snapshot.rows(session));
  return `SELECT DISTINCT ${identifierList(relationKeys(snapshot.view))} FROM (${rows})`;
}

/** Where events have ids, the rows that count at some instant, and have a key. */
function countingOnly({ view, source }: SnapshotReader, rows: string): string {
  if (source.eventId === null) return rows;
  const entry = { delayMicros: view.delayMicros, asKnown: knowsCreated(view, source) };
  return `SELECT * FROM (${countingRows(rows, source.eventId, entry)}) WHERE ${keyedSql(view)}`;
}

/** The rows, and those of the same events under whatever key: a row that comes or goes decides what counts of them. */
function sameEvents(rows: string, all: string, { eventId }: StoredSourceManifest): string {
  if (eventId === null) return rows;
  const ids = `SELECT ${quoteIdentifier(eventId)} FROM (${rows})`;
  return `${rows} UNION ALL BY NAME SELECT * FROM (${all}) WHERE ${quoteIdentifier(eventId)} IN (${ids})`;
}

/** Rows arrive by key, in row order: one key is at hand at a time, whatever the size of the table. */
async function writeStates(
  session: Session,
  { view, source, position }: SnapshotReader,
  rows: string,
  writer: StateWriter,
  onRows: (rows: number) => void,
): Promise<void> {
  const codec = createAggregateCodec(view, source);
  const encoder = createKeyEncoder(view.keys.map(({ type }) => type));
  const keys = relationKeys(view);
  const identity = source.eventId === null ? [] : [source.eventId, UNTIL_COLUMN];
  const columns = [...codec.layout.columns, ...identity];
  const places = rowPlaces(keys.length, columns.length);
  const reachable = rowsInReach(rows, keys, codec.layout.reachMicros);
  const select = `SELECT ${rowSelection(keys, columns, source.operation !== null)} FROM (${reachable})
ORDER BY ${identifierList(keys)}, __event, __created NULLS FIRST, __seq`;
  let current: { readonly key: Uint8Array; readonly builder: AggregateBuilder } | undefined;
  await session.visit(select, async (batch) => {
    for (let row = 0; row < batch.rows; row += 1) {
      const key = encoder.encode(readCells(batch, places.keys, row));
      if (current === undefined || Buffer.compare(current.key, key) !== 0) {
        if (current !== undefined) await writer.write(current.key, current.builder.encode(position));
        current = { key, builder: codec.start() };
      }
      const cells = readCells(batch, places.values, row);
      const values = cells.slice(0, codec.layout.columns.length);
      const [id = null, until = null] = cells.slice(values.length) as [EngineValue?, (Micros | null)?];
      const counts = until === null && !isDeleted(batch, places, row);
      current.builder.add(readRowOrder(batch, places, row), counts ? values : null, { id, until: until ?? undefined });
    }
    onRows(batch.rows);
  });
  if (current !== undefined) await writer.write(current.key, current.builder.encode(position));
}

/** Leaves out what lies further before the key's newest row than any window can reach. */
function rowsInReach(rows: string, keys: readonly string[], reachMicros: number | null): string {
  if (reachMicros === null) return rows;
  const newest = `SELECT ${identifierList(keys)}, epoch_us(max(__event)) AS __newest FROM (${rows}) GROUP BY ALL`;
  return `SELECT e.* FROM (${rows}) e JOIN (${newest}) n ON ${keysEqual(keys, 'e', 'n')}
WHERE epoch_us(e.__event) >= n.__newest - ${literalBigint(BigInt(reachMicros))}`;
}
