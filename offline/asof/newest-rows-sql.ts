/** The statements around `NewestRows`. */
import { identifierList, literalBigint, quoteIdentifier } from '../../engine/sql.ts';

/** Comes before every created time, as null does. */
const NO_CREATED = literalBigint(-(1n << 63n));

export interface EntriesInput {
  /** An event relation, of which keys, `__event`, `__created` and `__seq` are used. */
  readonly events: string;
  /** Of the events. */
  readonly keys: readonly string[];
  /** A table of numbered keys, and its keys by position. */
  readonly askedTable: string;
  readonly askedKeys: readonly string[];
  readonly delayMicros: number;
  readonly hasCreated: boolean;
  /** Rows enter when they are created, and never without a created time. Never without `hasCreated`. */
  readonly asKnown: boolean;
}

/** Requests by (key, time). */
export function slotsSql(keysTable: string, requests: string, keys: readonly string[]): string {
  return `SELECT k.__key, epoch_us(r.__at) AS __at_micros, r.__row
FROM (${requests}) r JOIN ${quoteIdentifier(keysTable)} k USING (${identifierList(keys)})
ORDER BY k.__key, r.__at`;
}

/**
 * The rows of the requested keys, in any order: `__key`, `__event`, `__seq`, `__created` when the source has it, and
 * `__entry`, the least q for which the row counts, where that is not its event. All in microseconds.
 */
export function entriesSql(input: EntriesInput): string {
  const { keys, askedTable, askedKeys, hasCreated, asKnown } = input;
  const same = keys.map((key, index) => `e.${quoteIdentifier(key)} = k.${quoteIdentifier(askedKeys[index]!)}`);
  const created = hasCreated ? `, coalesce(epoch_us(e.__created), ${NO_CREATED}) AS __created` : '';
  return `SELECT k.__key, epoch_us(e.__event) AS __event, e.__seq${created}${entryColumn(input)}
FROM (${input.events}) e JOIN ${quoteIdentifier(askedTable)} k ON ${same.join(' AND ')}${
    asKnown ? '\nWHERE e.__created IS NOT NULL' : ''
  }`;
}

function entryColumn({ delayMicros, asKnown }: EntriesInput): string {
  if (delayMicros === 0 && !asKnown) return '';
  const due = `epoch_us(e.__event) + ${literalBigint(BigInt(delayMicros))}`;
  return `, ${asKnown ? `greatest(${due}, epoch_us(e.__created))` : due} AS __entry`;
}

/** The result: the requests with the order of the row found for each; `__seq` is null where there is none. */
export function createNewestSql(table: string, hasCreated: boolean): string {
  const columns = ['__row', '__at_micros', '__event_micros', ...(hasCreated ? ['__created_micros'] : []), '__seq'];
  return `CREATE TEMP TABLE ${quoteIdentifier(table)} (${columns.map((name) => `${name} BIGINT`).join(', ')})`;
}
