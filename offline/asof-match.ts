/**
 * Which row answers each request of an as-of view. The statements read
 *
 * - `events`: an event relation, of which keys, `__event`, `__created` and `__seq` are used;
 * - `requests`: a table of `__row`, the keys (never null) and `__at`.
 *
 * A row enters at `event + delay`, as known at `max(event + delay, created)`. The answer is the greatest row that has
 * entered by `__at`. It has the greatest event of them, so if it is too old, every other one is older still: ttl is a test
 * on the answer alone.
 *
 * The result of each way is one row for each request with an answer: `__row`, `__at`, and the answer's `__event_micros`,
 * `__created_micros` and `__seq`.
 */
import { identifierList, literalBigint } from '../engine/sql.ts';
import { keysEqual } from './event-relation.ts';
import type { RowOrderSql } from './row-order-sql.ts';

/** Comes before every created time, as null does. */
const NO_CREATED = literalBigint(-(1n << 63n));

export interface MatchInput {
  readonly events: string;
  readonly requests: string;
  readonly keys: readonly string[];
  readonly delayMicros: number;
}

/**
 * Rows enter in order of their events, so one as-of join on the event finds a row with the answer's event: the answer
 * itself, unless several rows of the key share that event. Carries the keys beside the result's columns.
 */
export function candidatesSql({ events, requests, keys, delayMicros }: MatchInput): string {
  return `SELECT r.__row, r.__at, ${identifierList(keys, 'r.')}, e.__event_micros, e.__created_micros, e.__seq
FROM (SELECT *, epoch_us(__at) - ${literalBigint(BigInt(delayMicros))} AS __bound FROM ${requests}) r
ASOF JOIN (${microsOf(events, keys)}) e
ON ${keysEqual(keys, 'r', 'e')} AND r.__bound >= e.__event_micros`;
}

/** For the `__seq` of each candidate that is not the greatest row of its key and event: the greatest one. */
export function greaterTiesSql({ events, keys }: Pick<MatchInput, 'events' | 'keys'>, candidates: string): string {
  const created = (alias: string): string => `coalesce(${alias}.__created_micros, ${NO_CREATED})`;
  return `SELECT c.__seq AS __tied, max({ 'created': ${created('e')}, 'sequence': e.__seq }) AS greatest
FROM (${microsOf(events, keys)}) e
JOIN (SELECT DISTINCT ${identifierList(keys)}, __event_micros, __created_micros, __seq FROM ${candidates}) c
ON ${keysEqual(keys, 'c', 'e')} AND c.__event_micros = e.__event_micros
WHERE ${created('e')} > ${created('c')} OR (${created('e')} = ${created('c')} AND e.__seq > c.__seq)
GROUP BY c.__seq`;
}

/** The answers: the candidates, or the greater rows that they are tied with. */
export function matchesSql(candidates: string, greaterTies: string): string {
  return `SELECT c.__row, c.__at, c.__event_micros,
  CASE WHEN t.__tied IS NULL THEN c.__created_micros ELSE nullif(t.greatest.created, ${NO_CREATED}) END AS __created_micros,
  coalesce(t.greatest.sequence, c.__seq) AS __seq
FROM ${candidates} c LEFT JOIN ${greaterTies} t ON t.__tied = c.__seq`;
}

/** As known, rows enter out of order: the greatest one so far is a running maximum over the entries. */
export function matchesAsKnownSql({ events, requests, keys, delayMicros }: MatchInput, order: RowOrderSql): string {
  const keyList = identifierList(keys);
  const entry = `greatest(epoch_us(__event) + ${literalBigint(BigInt(delayMicros))}, epoch_us(__created))`;
  return `SELECT __row, __at, ${order.event('__order')} AS __event_micros, ${order.created('__order')} AS __created_micros,
  ${order.sequence('__order')} AS __seq
FROM (
  SELECT r.__row, r.__at, e.__order
  FROM ${requests} r
  ASOF JOIN (
    SELECT ${keyList}, __entry, max(__order) OVER (PARTITION BY ${keyList} ORDER BY __entry) AS __order
    FROM (
      SELECT ${keyList}, ${entry} AS __entry, max(${order.order}) AS __order
      FROM (${events}) WHERE __created IS NOT NULL
      GROUP BY ALL
    )
  ) e ON ${keysEqual(keys, 'r', 'e')} AND epoch_us(r.__at) >= e.__entry
)`;
}

function microsOf(events: string, keys: readonly string[]): string {
  return `SELECT ${identifierList(keys)}, epoch_us(__event) AS __event_micros, epoch_us(__created) AS __created_micros, __seq
FROM (${events})`;
}

/** The extremes that `rowOrderSql` needs; null in every column for no rows. */
export function extremesSql(events: string): string {
  return `SELECT epoch_us(min(__event)) AS "minEvent", epoch_us(max(__event)) AS "maxEvent",
  epoch_us(min(__created)) AS "minCreated", epoch_us(max(__created)) AS "maxCreated",
  min(__seq) AS "minSequence", max(__seq) AS "maxSequence"
FROM (${events})`;
}

/** The rows of an event relation whose key is requested. */
export function requestedEvents(events: string, keys: readonly string[], requests: string): string {
  return `SELECT e.* FROM (${events}) e SEMI JOIN ${requests} r ON ${keysEqual(keys, 'e', 'r')}`;
}
