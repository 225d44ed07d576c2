/** A spine's rows as they stand in its file: typed from Parquet, text from CSV, JSON text from JSON Lines. */
import { AsofError } from '../contracts/errors.ts';
import { MICROS_PER_HOUR, type Micros } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import { literalBigint, literalText, literalTextList } from '../engine/sql.ts';
import { csvRelation } from '../sources/csv-relation.ts';
import { parquetRelation } from '../sources/parquet-relation.ts';
import { columnAlias, type RawColumn } from '../sources/raw-relation.ts';
import { namingInput } from '../sources/unreadable.ts';
import { EVENT_TIMESTAMP } from './spine-columns.ts';
import type { TableFormat } from './spine-format.ts';

/** `sql` gives `__row`, the 0-based ordinal, and the columns under their aliases. */
export interface SpineRelation {
  readonly sql: string;
  readonly columns: readonly RawColumn[];
}

/** The type of a column of a JSON Lines spine: one JSON value with its digits as they were written. */
export const JSON_TYPE = 'JSON';

/** `path` names the spine in errors; `file` is what the engine opens. Throws `INPUT_UNREADABLE`. */
export async function spineRelation(
  session: Session,
  path: string,
  file: string,
  format: TableFormat,
): Promise<SpineRelation> {
  return namingInput('spine', path, async () => {
    switch (format) {
      case 'parquet':
        return parquetRelation(session, file);
      case 'csv':
        return csvRelation(file);
      case 'jsonl':
        return jsonLinesRelation(session, path, file);
    }
  });
}

/** Columns in the order in which they first appear. A null member is a null, as is a missing one. */
async function jsonLinesRelation(session: Session, path: string, file: string): Promise<SpineRelation> {
  const lines = `SELECT row_number() OVER () - 1 AS __row, json FROM read_ndjson_objects(${literalText(file)})`;
  const [bad] = await session.rows(
    `SELECT __row + 1 AS row FROM (${lines}) WHERE json_type(json) <> 'OBJECT' ORDER BY __row LIMIT 1`,
  );
  if (bad) {
    const problem = 'it is not a JSON object';
    throw new AsofError('INPUT_ROW_INVALID', { where: 'spine', path, row: bad['row'] as bigint, problem });
  }
  const members = await session.rows(`SELECT name FROM (
  SELECT __row, unnest(json_keys(json)) AS name, generate_subscripts(json_keys(json), 1) AS place FROM (${lines})
) GROUP BY name ORDER BY min((__row, place))`);
  const columns = members.map((row, index) => ({
    name: row['name'] as string,
    alias: columnAlias(index),
    type: JSON_TYPE,
  }));
  if (columns.length === 0) return { sql: `SELECT __row FROM (${lines})`, columns };
  const pointers = literalTextList(columns.map(({ name }) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`));
  const list = columns.map(
    ({ alias }, index) => `CASE WHEN v[${index + 1}]::VARCHAR <> 'null' THEN v[${index + 1}] END AS ${alias}`,
  );
  const sql = `SELECT __row, ${list.join(', ')} FROM (SELECT __row, json_extract(json, ${pointers}) AS v FROM (${lines}))`;
  return { sql, columns };
}

/** Instants `from`, `from + every` … before `to`. */
export interface InstantGrid {
  readonly from: Micros;
  readonly to: Micros;
  /** Default: an hour. */
  readonly everyMicros?: number | undefined;
}

/** A range with a step that is too short would fill the disk before anyone notices. */
const MOST_ROWS = 1_000_000_000n;

/**
 * Every row of `entities` at every instant, instants innermost. Throws `NAME_COLLISION` when the rows bring a time of
 * their own, `INVALID_RANGE` for a range without an instant, and `LIMIT_EXCEEDED`.
 */
export async function crossInstants(
  session: Session,
  entities: SpineRelation,
  grid: InstantGrid,
  path: string,
): Promise<SpineRelation> {
  if (entities.columns.some(({ name }) => name === EVENT_TIMESTAMP)) {
    const problem = `the entities have a column ${EVENT_TIMESTAMP}; use the file as a spine, or leave the column out`;
    throw new AsofError('NAME_COLLISION', { where: path, problem });
  }
  const every = BigInt(grid.everyMicros ?? MICROS_PER_HOUR);
  if (grid.to <= grid.from || every <= 0n) {
    throw new AsofError('INVALID_RANGE', { where: path, problem: 'the range of instants is empty' });
  }
  const count = (grid.to - grid.from + every - 1n) / every;
  const [found] = await session.rows(`SELECT count(*) AS n FROM (${entities.sql})`);
  const keys = found!['n'] as bigint;
  if (keys * count > MOST_ROWS) {
    const [k, c, most] = [keys, count, MOST_ROWS].map((number) => number.toLocaleString('en'));
    const problem = `${k} keys at ${c} instants are more than ${most} rows; take a longer step, a shorter range or fewer keys`;
    throw new AsofError('LIMIT_EXCEEDED', { where: path, problem });
  }
  const alias = columnAlias(entities.columns.length);
  const list = entities.columns.map((column) => `e.${column.alias}`);
  const instant = `make_timestamp(${literalBigint(grid.from)} + i.range * ${literalBigint(every)}) AS ${alias}`;
  return {
    sql: `SELECT ${[`e.__row * ${count} + i.range AS __row`, ...list, instant].join(', ')}
FROM (${entities.sql}) e CROSS JOIN range(${count}) i`,
    columns: [...entities.columns, { name: EVENT_TIMESTAMP, alias, type: 'TIMESTAMP' }],
  };
}
