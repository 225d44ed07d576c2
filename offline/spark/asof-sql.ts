/**
 * Rows of an as-of view in Spark: requests and rows in one line of time by their entry, and a running maximum of the row
 * order with the features. It is the method of ADR 0004, at the cost of one sort.
 */
import { sparkBigint } from '../../engine/spark/spark-sql.ts';
import { keyList, keysMatch } from './events-sql.ts';

export interface SparkAsOf {
  /** A SELECT of the event relation. */
  readonly events: string;
  /** A SELECT of the requests: `row`, the keys, none null, and `at`, in microseconds. */
  readonly requests: string;
  readonly keys: number;
  /** Columns of the relation beside keys and order. */
  readonly columns: number;
  readonly delayMicros: number;
  readonly ttlMicros: number | null;
  /** Rows enter when they are created, and never without a created time. */
  readonly asKnown: boolean;
}

/** Before every created time, as null is. */
export const NO_CREATED = sparkBigint(-(1n << 63n));

/** The requests for which a row was found: `row`, `event`, `late`, `live`, `expired` and the columns. */
export function asOfSql(input: SparkAsOf): string {
  const { keys, asKnown } = input;
  const columns = Array.from({ length: input.columns }, (_, index) => `c${index}`);
  const due = `e.ev + ${sparkBigint(BigInt(input.delayMicros))}`;
  const entry = asKnown ? `greatest(${due}, e.cr)` : due;
  const order = ['e.ev AS ev', `coalesce(e.cr, ${NO_CREATED}) AS cr`, 'e.seq AS seq', 'e.del AS del'];
  const found = [...order, ...columns.map((name) => `e.${name} AS ${name}`)];
  const young = input.ttlMicros === null ? 'true' : `found.ev >= at - ${sparkBigint(BigInt(input.ttlMicros))}`;
  const answer = [
    'row',
    'found.ev AS event',
    'found.cr > at AS late',
    `${young} AND NOT found.del AS live`,
    `NOT (${young}) AND NOT found.del AS expired`,
    ...columns.map((name) => `found.${name} AS ${name}`),
  ];
  return `WITH asked AS (${input.requests}),
events AS (${input.events}),
entries AS (
  SELECT ${keyList(keys, 'e.')}, ${entry} AS at, 0 AS kind, CAST(NULL AS BIGINT) AS row, struct(${found.join(', ')}) AS found
  FROM events e LEFT SEMI JOIN asked a ON ${keysMatch(keys, 'e', 'a')}${asKnown ? ' WHERE e.cr IS NOT NULL' : ''}
  UNION ALL
  SELECT ${keyList(keys)}, at, 1 AS kind, row, NULL AS found FROM asked
),
answers AS (
  SELECT row, at, kind, max(found) OVER (PARTITION BY ${keyList(keys)} ORDER BY at, kind
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS found
  FROM entries
)
SELECT ${answer.join(', ')} FROM answers WHERE kind = 1 AND found IS NOT NULL`;
}
