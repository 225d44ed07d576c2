/**
 * The total order of rows as one comparable SQL value. Event, created and sequence usually fit into 127 bits once they
 * are counted from their minimum, and an integer is what DuckDB sorts and joins fastest; otherwise a struct carries them.
 */
import type { Micros } from '../contracts/time.ts';
import { literalBigint } from '../engine/sql.ts';

/** The extremes over the rows to be ordered. */
export interface OrderExtremes {
  readonly minEvent: Micros;
  readonly maxEvent: Micros;
  /** Null when no row has a created time. */
  readonly minCreated: Micros | null;
  readonly maxCreated: Micros | null;
  readonly minSequence: bigint;
  readonly maxSequence: bigint;
}

/** SQL expressions over `__event`, `__created` and `__seq`, and back from an order value. */
export interface RowOrderSql {
  /** The order value of a row of the event relation. */
  readonly order: string;
  /** Microseconds; null when the row has no created time. */
  readonly event: (order: string) => string;
  readonly created: (order: string) => string;
  readonly sequence: (order: string) => string;
}

const INTEGER_TYPES = [
  { type: 'BIGINT', size: 1n << 62n },
  { type: 'HUGEINT', size: 1n << 126n },
] as const;

export function rowOrderSql(extremes: OrderExtremes): RowOrderSql {
  const sequences = extremes.maxSequence - extremes.minSequence + 1n;
  // zero stands for null, which comes first
  const createds =
    extremes.minCreated === null || extremes.maxCreated === null ? 1n : extremes.maxCreated - extremes.minCreated + 2n;
  const size = (extremes.maxEvent - extremes.minEvent + 2n) * createds * sequences;
  const fitting = INTEGER_TYPES.find((candidate) => size < candidate.size);
  return fitting === undefined ? structOrder() : packedOrder(fitting.type, extremes, createds, sequences);
}

function packedOrder(
  type: (typeof INTEGER_TYPES)[number]['type'],
  { minEvent, minCreated, minSequence }: OrderExtremes,
  createds: bigint,
  sequences: bigint,
): RowOrderSql {
  const rowsOfEvent = literal(createds * sequences, type);
  const event = `(epoch_us(__event) - ${literalBigint(minEvent)})::${type} * ${rowsOfEvent}`;
  const created =
    minCreated === null
      ? ''
      : ` + coalesce(epoch_us(__created) - ${literalBigint(minCreated - 1n)}, 0)::${type} * ${literal(sequences, type)}`;
  return {
    order: `${event}${created} + (__seq - ${literalBigint(minSequence)})`,
    event: (order) => `((${order} // ${rowsOfEvent})::BIGINT + ${literalBigint(minEvent)})`,
    created: (order) =>
      minCreated === null
        ? 'NULL::BIGINT'
        : `(nullif(${order} // ${literal(sequences, type)} % ${literal(createds, type)}, 0)::BIGINT + ${literalBigint(minCreated - 1n)})`,
    sequence: (order) => `((${order} % ${literal(sequences, type)})::BIGINT + ${literalBigint(minSequence)})`,
  };
}

function literal(value: bigint, type: string): string {
  return `'${value}'::${type}`;
}

/** Structs compare field by field; the least BIGINT stands for a created time that is null. */
function structOrder(): RowOrderSql {
  const noCreated = literalBigint(-(1n << 63n));
  return {
    order: `{ 'event': epoch_us(__event), 'created': coalesce(epoch_us(__created), ${noCreated}), 'sequence': __seq }`,
    event: (order) => `(${order}).event`,
    created: (order) => `nullif((${order}).created, ${noCreated})`,
    sequence: (order) => `(${order}).sequence`,
  };
}

/** The extremes that `rowOrderSql` needs; null in every column for no rows. */
export function extremesSql(events: string): string {
  return `SELECT epoch_us(min(__event)) AS "minEvent", epoch_us(max(__event)) AS "maxEvent",
  epoch_us(min(__created)) AS "minCreated", epoch_us(max(__created)) AS "maxCreated",
  min(__seq) AS "minSequence", max(__seq) AS "maxSequence"
FROM (${events})`;
}
