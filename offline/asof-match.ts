/**
 * Which row answers each request of an as-of view. The statements read
 *
 * - `events`: an event relation, of which keys, `__event`, `__created` and `__seq` are used;
 * - `requests`: a relation of `__row`, the keys (never null) and `__at`.
 *
 * A row enters at `event + delay`, as known at `max(event + delay, created)`. The answer is the greatest row that has
 * entered by `__at`. It has the greatest event of them, so if it is too old, every other one is older still: ttl is a test
 * on the answer alone.
 */
import { identifierList, literalBigint } from '../engine/sql.ts';
import { keysEqual } from './event-relation.ts';
import type { RowOrderSql } from './row-order-sql.ts';

export interface MatchInput {
  readonly events: string;
  readonly requests: string;
  readonly keys: readonly string[];
  readonly delayMicros: number;
  /** Only rows with a created time of at most `__at` count. */
  readonly asKnown: boolean;
  readonly order: RowOrderSql;
}

/** One row for each request that has an answer: `__row`, `__at`, and its `__event_micros`, `__created_micros`, `__seq`. */
export function matchSql(input: MatchInput): string {
  const matched =
    input.order.bound === null || input.asKnown ? matchByEntry(input) : matchByOrder(input, input.order.bound);
  const { event, created, sequence } = input.order;
  return `SELECT __row, __at, ${event('__order')} AS __event_micros, ${created('__order')} AS __created_micros, ${sequence('__order')} AS __seq
FROM (${matched})`;
}

/** Rows enter in their own order, so the greatest one up to a bound is one as-of join on the order. */
function matchByOrder(
  { events, requests, keys, delayMicros, order }: MatchInput,
  bound: (micros: string) => string,
): string {
  return `SELECT r.__row, r.__at, e.__order
FROM (SELECT *, ${bound(`epoch_us(__at) - ${literalBigint(BigInt(delayMicros))}`)} AS __bound FROM ${requests}) r
ASOF JOIN (SELECT ${identifierList(keys)}, ${order.order} AS __order FROM (${events})) e
ON ${keysEqual(keys, 'r', 'e')} AND r.__bound >= e.__order`;
}

/** Rows enter out of order: the greatest one so far is a running maximum over the entries. */
function matchByEntry({ events, requests, keys, delayMicros, asKnown, order }: MatchInput): string {
  const keyList = identifierList(keys);
  const due = `epoch_us(__event) + ${literalBigint(BigInt(delayMicros))}`;
  const entry = asKnown ? `greatest(${due}, epoch_us(__created))` : due;
  return `SELECT r.__row, r.__at, e.__order
FROM ${requests} r
ASOF JOIN (
  SELECT ${keyList}, __entry, max(__order) OVER (PARTITION BY ${keyList} ORDER BY __entry) AS __order
  FROM (
    SELECT ${keyList}, ${entry} AS __entry, max(${order.order}) AS __order
    FROM (${events})${asKnown ? ' WHERE __created IS NOT NULL' : ''}
    GROUP BY ALL
  )
) e ON ${keysEqual(keys, 'r', 'e')} AND epoch_us(r.__at) >= e.__entry`;
}

/** The extremes that `rowOrderSql` needs, over the rows with a requested key; null in every column for no rows. */
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
