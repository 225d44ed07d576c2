/** The relations that every method for windows starts from, as the head of a WITH clause. */
import type { FilterColumn } from '../../aggregates/row-filter.ts';
import { sparkBigint, sparkLiteral } from '../../engine/spark/spark-sql.ts';
import { NO_CREATED } from './asof-sql.ts';
import { keyList, keysMatch } from './events-sql.ts';
import { sparkDistinctHash } from './distinct-hash-sql.ts';
import { FLOAT_HASHES, type SparkInput, type SparkWindows } from './window-plan.ts';

export interface WindowSources {
  /** A SELECT of the event relation, and one of the requests: `row`, the keys, none null, and `at`. */
  readonly events: string;
  readonly requests: string;
}

/**
 * `asked` (the requests) and `narrow`: the rows that can count of the keys asked for, with `ev`, `cr` (least where there is
 * none), `seq`, `until` for events with an id, the inputs `i0` … and for each filter whether the row passes, `f0` ….
 */
export function windowRowsSql(plan: SparkWindows, { events, requests }: WindowSources): string {
  const from = plan.eventId === null ? 'events' : 'counting';
  const list = [
    keyList(plan.keys, 'e.'),
    'e.ev',
    `coalesce(e.cr, ${NO_CREATED}) AS cr`,
    'e.seq',
    ...(plan.eventId === null ? [] : ['e.until']),
    ...plan.inputs.map((input, index) => `${inputSql(input, index)} AS i${index}`),
    ...plan.filters.map((filter, index) => `${filterSql(filter)} AS f${index}`),
  ];
  const hashes = plan.inputs.map((input, index) =>
    isHashedFloat(input) ? `\n  LEFT JOIN ${FLOAT_HASHES} h${index} ON h${index}.value = e.${input.column}` : '',
  );
  const conditions = ['NOT e.del', ...(plan.asKnown ? ['e.cr IS NOT NULL'] : [])];
  return `WITH asked AS (${requests}),
events AS (${events}),
${plan.eventId === null ? '' : `counting AS (${countingSql(plan, plan.eventId)}),\n`}narrow AS (
  SELECT ${list.join(', ')} FROM ${from} e LEFT SEMI JOIN asked a ON ${keysMatch(plan.keys, 'e', 'a')}${hashes.join('')}
  WHERE ${conditions.join(' AND ')}
)`;
}

/** The least q that is after the row. */
export function entrySql(plan: SparkWindows): string {
  const published = `ev + ${sparkBigint(BigInt(plan.delayMicros) + 1n)}`;
  return plan.asKnown ? `greatest(${published}, cr)` : published;
}

/** Whether a row `e` counts for a request `a` of its key, as far as upper bounds go. */
export function hasEnteredSql(plan: SparkWindows): string {
  return [
    `e.ev + ${sparkBigint(BigInt(plan.delayMicros))} < a.at`,
    ...(plan.asKnown ? ['e.cr <= a.at'] : []),
    ...(plan.eventId === null ? [] : ['(e.until IS NULL OR a.at < e.until)']),
  ].join(' AND ');
}

/** The rows that count at some instant, deletes included, each until a greater one of its event enters. */
function countingSql(plan: SparkWindows, id: string): string {
  // rows without an id are events of their own, and must not all meet in one task
  const event = `${id}, CASE WHEN ${id} IS NULL THEN seq END`;
  return `
  SELECT * FROM (
    SELECT *, min(entry) OVER (PARTITION BY ${event} ORDER BY ev DESC, cr DESC NULLS LAST, seq DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until
    FROM (SELECT *, ${entrySql(plan)} AS entry FROM events${plan.asKnown ? ' WHERE cr IS NOT NULL' : ''})
  ) WHERE until IS NULL OR until > entry
`;
}

function inputSql(input: SparkInput, index: number): string {
  const { kind, column, type } = input;
  if (kind === 'value') return `e.${column}`;
  return isHashedFloat(input) ? `h${index}.hash` : sparkDistinctHash(`e.${column}`, type);
}

function isHashedFloat({ kind, type }: SparkInput): boolean {
  return kind === 'hash' && type === 'float64';
}

function filterSql(filter: readonly FilterColumn[]): string {
  const conditions = filter.map(({ column, type, values }) => {
    const equals = values.map((value) => `e.${column} <=> ${sparkLiteral(value, type)}`);
    return equals.length === 0 ? 'false' : `(${equals.join(' OR ')})`;
  });
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}
