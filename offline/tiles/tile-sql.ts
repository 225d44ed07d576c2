/** Tiles in SQL: from rows to states. */
import { identifierList, literalBigint, literalTimestamp, quoteIdentifier, sqlType } from '../../engine/sql.ts';
import { TILE_COLUMN, type TimeRange } from '../../contracts/lake.ts';
import type { StoredType } from '../../contracts/values.ts';
import { filterSql } from '../sweep/filter-sql.ts';
import { tileColumn, type TileGroup, type TilePlan, type TileState } from './tile-plan.ts';

/** Rows of a tile whose created time is null: as known they never count. */
export const UNKNOWN_COLUMN = '__unknown';
/** The latest created time of all rows of a tile. */
export const LATEST_COLUMN = '__latest';

/** Microseconds of an instant, floored on the grid from the epoch. */
export function tileOf(instant: string, micros: number): string {
  const time = `epoch_us(${instant})`;
  return `(${time} - ((${time} % ${micros}) + ${micros}) % ${micros})`;
}

/**
 * The tiles of the rows of an event relation in a range, by key and time: `__tile` (where it begins), the keys, `__rows`,
 * `__latest`, `__unknown`, and the states. Two tiles of no key are added, the first and the last of the range: so the file
 * itself says which time it stands for, whether or not there are rows.
 */
export function tilesSql(
  events: string,
  keys: readonly { readonly name: string; readonly type: StoredType }[],
  plan: TilePlan,
  range: TimeRange,
): string {
  const names = keys.map(({ name }) => name);
  const states = plan.groups.flatMap((group, index) => groupStates(group, index, plan));
  const known = names.map((name) => `e.${quoteIdentifier(name)} IS NOT NULL`);
  const ends = [range.from, range.to - BigInt(plan.micros)].map((instant) =>
    [
      `SELECT ${literalTimestamp(instant)} AS ${TILE_COLUMN}`,
      ...keys.map(({ name, type }) => `NULL::${sqlType(type)} AS ${quoteIdentifier(name)}`),
      '0::BIGINT AS __rows',
    ].join(', '),
  );
  return `SELECT * FROM (
  SELECT make_timestamp(${tileOf('e.__event', plan.micros)}) AS ${TILE_COLUMN}, ${identifierList(names, 'e.')}, count(*) AS __rows,
    max(e.__created) AS ${LATEST_COLUMN}, count(*) FILTER (e.__created IS NULL) AS ${UNKNOWN_COLUMN}${states.map((state) => `,\n    ${state}`).join('')}
  FROM (${events}) e
  WHERE ${[...known, `e.__event >= ${literalTimestamp(range.from)}`, `e.__event < ${literalTimestamp(range.to)}`].join(' AND ')}
  GROUP BY ALL
  UNION ALL BY NAME ${ends.join('\n  UNION ALL BY NAME ')}
) ORDER BY ${identifierList(names)}, ${TILE_COLUMN}`;
}

function groupStates({ filter, columns }: TileGroup, group: number, { hasCreated }: TilePlan): readonly string[] {
  const passing = filter.length === 0 ? 'true' : `${filterSql(filter)} = 1`;
  const named = (state: TileState, sql: string, column?: string): string =>
    `${sql} AS ${quoteIdentifier(tileColumn(group, state, column))}`;
  return [
    named('rows', `count(*) FILTER (${passing})`),
    ...(hasCreated ? [named('created', `max(e.__created) FILTER (${passing})`)] : []),
    ...columns.flatMap(({ input, states }) =>
      states.map((state) => named(state, stateSql(state, `e.${quoteIdentifier(input.column)}`, passing), input.column)),
    ),
  ];
}

const MOST = literalBigint(BigInt(Number.MAX_SAFE_INTEGER));

function stateSql(state: TileState, column: string, passing: string): string {
  switch (state) {
    case 'integers': {
      // null says that the sum is not exact as a double: such rows are read themselves
      const sum = `sum(${column}) FILTER (${passing})`;
      return `CASE WHEN ${sum} BETWEEN -${MOST} AND ${MOST} THEN CAST(${sum} AS BIGINT) END`;
    }
    case 'floats':
      return `fsum(${column}) FILTER (${passing} AND isfinite(${column}))`;
    case 'strange':
      return `sum(${column}) FILTER (${passing} AND NOT isfinite(${column}))`;
    case 'min':
    case 'max':
      return `${state}(${column}) FILTER (${passing})`;
    default:
      return `count(${column}) FILTER (${passing})`;
  }
}
