/**
 * Events with an id: of the rows with one id only the greatest counts. Rows enter one after the other, so which one that
 * is depends on the instant: a row counts from its own entry until the first entry of a greater row with its id.
 */
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { identifierList, literalBigint, quoteIdentifier } from '../engine/sql.ts';
import { DELETED_COLUMN, keysEqual } from './event-relation.ts';

/** Distinguishes the requests of one key between whose instants a row stopped to count. */
export const VERSION_COLUMN = '__version';

const GREATEST_FIRST = '__event DESC, __created DESC NULLS LAST, __seq DESC';
const SMALLEST_FIRST = '__event, __created NULLS FIRST, __seq';
/** Before every instant. */
const BEGINNING = literalBigint(-(1n << 63n));

/** The events among rows that have all entered. A delete that is the greatest row of its id leaves no event. */
export function greatestEvents(rows: string, source: StoredSourceManifest): string {
  return withoutDeletes(greatestRows(rows, source), source);
}

/** As `greatestEvents`, deletes included. */
export function greatestRows(rows: string, { eventId }: StoredSourceManifest): string {
  if (eventId === null) return rows;
  const id = quoteIdentifier(eventId);
  return `SELECT * FROM (${rows})
QUALIFY ${id} IS NULL OR row_number() OVER (PARTITION BY ${id} ORDER BY ${GREATEST_FIRST}) = 1`;
}

export function withoutDeletes(rows: string, { operation }: StoredSourceManifest): string {
  return operation === null ? rows : `SELECT * FROM (${rows}) WHERE NOT ${DELETED_COLUMN}`;
}

/** When a row of an aggregate enters: windows end before the instant they are asked at. */
interface Entry {
  readonly delayMicros: number;
  /** Rows count from their created time on, and never without one. */
  readonly asKnown: boolean;
}

/** The rows that count at some instant, with the instant `__until` which they do; null for those that count for good. */
export function countingRows(rows: string, eventId: string, { delayMicros, asKnown }: Entry): string {
  const id = quoteIdentifier(eventId);
  const published = `epoch_us(__event) + ${literalBigint(BigInt(delayMicros) + 1n)}`;
  const entry = asKnown ? `greatest(${published}, epoch_us(__created))` : published;
  return `SELECT * EXCLUDE (__entry) FROM (
  SELECT *, CASE WHEN ${id} IS NOT NULL THEN min(__entry) OVER (
    PARTITION BY ${id} ORDER BY ${SMALLEST_FIRST} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) END AS __until
  FROM (SELECT *, ${entry} AS __entry FROM (${rows})${asKnown ? ' WHERE __created IS NOT NULL' : ''})
) WHERE __until IS NULL OR __until > __entry`;
}

/** The instants at which a row of a requested key stops to count. */
export function endingsSql(counting: string, requests: string, keys: readonly string[]): string {
  return `SELECT DISTINCT ${identifierList(keys, 'e.')}, e.__until
FROM (${counting}) e SEMI JOIN (${requests}) r ON ${keysEqual(keys, 'e', 'r')} WHERE e.__until IS NOT NULL`;
}

/** The requests with their version: the last such instant of their key that is not after them. */
export function versionedRequestsSql(requests: string, endings: string, keys: readonly string[]): string {
  return `SELECT r.*, coalesce(e.__until, ${BEGINNING}) AS ${VERSION_COLUMN}
FROM (${requests}) r ASOF LEFT JOIN ${endings} e ON ${keysEqual(keys, 'r', 'e')} AND epoch_us(r.__at) >= e.__until`;
}

/** The rows of each version that is asked for: they count at all of its instants from their entry on. */
export function versionedEventsSql(counting: string, requests: string, keys: readonly string[]): string {
  return `SELECT e.* EXCLUDE (__until), v.${VERSION_COLUMN}
FROM (${counting}) e
JOIN (SELECT DISTINCT ${identifierList(keys)}, ${VERSION_COLUMN} FROM ${requests}) v ON ${keysEqual(keys, 'e', 'v')}
WHERE e.__until IS NULL OR e.__until > v.${VERSION_COLUMN}`;
}
