/**
 * Events with an id: of the rows with one id only the greatest counts. Rows enter one after the other, so which one that
 * is depends on the instant: a row counts from its own entry until the first entry of a greater row with its id.
 */
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { identifierList, literalBigint, quoteIdentifier } from '../engine/sql.ts';
import { DELETED_COLUMN, keysEqual } from './event-relation.ts';

/** The instant in microseconds from which a row does not count any more; null for one that counts for good. */
export const UNTIL_COLUMN = '__until';
/** Distinguishes the requests of one key between whose instants a row stopped to count. */
export const VERSION_COLUMN = '__version';

const SMALLEST_FIRST = '__event, __created NULLS FIRST, __seq';
/** Before every instant. */
const BEGINNING = literalBigint(-(1n << 63n));

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

/** The instants at which a row of a requested key stops to count. */
export function endingsSql(counting: string, requests: string, keys: readonly string[]): string {
  return `SELECT DISTINCT ${identifierList(keys, 'e.')}, e.${UNTIL_COLUMN}
FROM (${counting}) e SEMI JOIN (${requests}) r ON ${keysEqual(keys, 'e', 'r')} WHERE e.${UNTIL_COLUMN} IS NOT NULL`;
}

/** The requests with their version: the last such instant of their key that is not after them. */
export function versionedRequestsSql(requests: string, endings: string, keys: readonly string[]): string {
  return `SELECT r.*, coalesce(e.${UNTIL_COLUMN}, ${BEGINNING}) AS ${VERSION_COLUMN}
FROM (${requests}) r ASOF LEFT JOIN ${endings} e ON ${keysEqual(keys, 'r', 'e')} AND epoch_us(r.__at) >= e.${UNTIL_COLUMN}`;
}

/** The rows of each version that is asked for: they count at all of its instants from their entry on. */
export function versionedEventsSql(counting: string, requests: string, keys: readonly string[]): string {
  return `SELECT e.* EXCLUDE (${UNTIL_COLUMN}), v.${VERSION_COLUMN}
FROM (${counting}) e
JOIN (SELECT DISTINCT ${identifierList(keys)}, ${VERSION_COLUMN} FROM ${requests}) v ON ${keysEqual(keys, 'e', 'v')}
WHERE e.${UNTIL_COLUMN} IS NULL OR e.${UNTIL_COLUMN} > v.${VERSION_COLUMN}`;
}
