/**
 * Events with an id: of the rows with one id only the greatest counts. Rows enter one after the other, so which one that
 * is depends on the instant: a row counts from its own entry until the first entry of a greater row with its id.
 */
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { literalBigint, quoteIdentifier } from '../engine/sql.ts';
import { DELETED_COLUMN, keysEqual } from './event-relation.ts';

/** The instant in microseconds from which a row does not count any more; null for one that counts for good. */
export const UNTIL_COLUMN = '__until';

const SMALLEST_FIRST = '__event, __created NULLS FIRST, __seq';

/** A delete is no event. */
export function withoutDeletes(rows: string, { operation }: StoredSourceManifest): string {
  return operation === null ? rows : `SELECT * FROM (${rows}) WHERE NOT ${DELETED_COLUMN}`;
}

/** When a row of an aggregate enters: windows end before the instant they are asked at. */
interface Entry {
  readonly delayMicros: number;
  /** Rows count from their created time on, and never without one. */
  readonly asKnown: boolean;
}

/** The rows that count at some instant, deletes included, with `__until`. */
export function countingRows(rows: string, eventId: string, { delayMicros, asKnown }: Entry): string {
  const id = quoteIdentifier(eventId);
  const published = `epoch_us(__event) + ${literalBigint(BigInt(delayMicros) + 1n)}`;
  const entry = asKnown ? `greatest(${published}, epoch_us(__created))` : published;
  return `SELECT * EXCLUDE (__entry) FROM (
  SELECT *, CASE WHEN ${id} IS NOT NULL THEN min(__entry) OVER (
    PARTITION BY ${id} ORDER BY ${SMALLEST_FIRST} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) END AS ${UNTIL_COLUMN}
  FROM (SELECT *, ${entry} AS __entry FROM (${rows})${asKnown ? ' WHERE __created IS NOT NULL' : ''})
) WHERE ${UNTIL_COLUMN} IS NULL OR ${UNTIL_COLUMN} > __entry`;
}

/**
 * The rows that can matter to requests: those of their keys, and the rows of the same events under whatever key. `rows` is
 * read twice.
 */
export function rowsOfEvents(rows: string, requests: string, eventId: string, keys: readonly string[]): string {
  const id = quoteIdentifier(eventId);
  const asked = `SELECT e.* FROM (${rows}) e SEMI JOIN (${requests}) r ON ${keysEqual(keys, 'e', 'r')}`;
  return `SELECT * FROM (${rows}) WHERE ${id} IN (SELECT ${id} FROM (${asked}) WHERE ${id} IS NOT NULL)
UNION ALL SELECT * FROM (${asked}) WHERE ${id} IS NULL`;
}
