/**
 * The prepared spine: `__row`, the spine's own columns under their aliases, the keys as `__key<i>` in order of the plan's
 * key columns, q as `__at`, and the request columns as `__request<i>`.
 */
import type { Micros } from '../contracts/time.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import { quoteIdentifier } from '../engine/sql.ts';
import type { RawColumn } from '../sources/raw-relation.ts';
import { namingInput } from '../sources/unreadable.ts';
import { checkColumns, readColumns, readColumnSql } from './spine-columns.ts';
import type { TableFormat } from './spine-format.ts';
import { JSON_TYPE, type SpineRelation } from './spine-relation.ts';

export interface SpineColumn extends RawColumn {
  /** The engine's type that the column gets in a Parquet file. */
  readonly parquetType: string;
}

export interface PreparedSpine {
  readonly rows: number;
  readonly columns: readonly SpineColumn[];
  /** The least and greatest q; null without rows. */
  readonly firstAt: Micros | null;
  readonly lastAt: Micros | null;
}

/**
 * Reads the spine into the temporary table `table`, in the order of `__row`. Throws `SPINE_COLUMN_MISSING`,
 * `KEY_TYPE_MISMATCH`, `INPUT_VALUE_INVALID` and `INPUT_UNREADABLE`.
 */
export async function prepareSpine(
  session: Session,
  input: {
    readonly relation: SpineRelation;
    readonly plan: FeaturePlan;
    readonly path: string;
    readonly format: TableFormat;
    readonly table: string;
  },
): Promise<PreparedSpine> {
  const { relation, path } = input;
  const table = quoteIdentifier(input.table);
  const needed = readColumns(input.plan, relation.columns, path);
  const list = ['*', ...needed.map(readColumnSql)];
  await namingInput('spine', path, () =>
    session.run(`CREATE TEMP TABLE ${table} AS SELECT ${list.join(', ')} FROM (${relation.sql}) ORDER BY __row`),
  );
  await checkColumns(session, table, needed, { path, typed: input.format === 'parquet' });
  const [facts] = await session.rows(
    `SELECT count(*) AS n, epoch_us(min(__at)) AS "first", epoch_us(max(__at)) AS "last" FROM ${table}`,
  );
  return {
    rows: Number(facts!['n']),
    columns: await Promise.all(
      relation.columns.map(async (column) => ({ ...column, parquetType: await parquetType(session, table, column) })),
    ),
    firstAt: facts!['first'] as Micros | null,
    lastAt: facts!['last'] as Micros | null,
  };
}

/** JSON has no column types: a column gets the narrowest one that holds all its values, and else stays text. */
async function parquetType(session: Session, table: string, { alias, type }: RawColumn): Promise<string> {
  if (type !== JSON_TYPE) return type;
  const [found] = await session.rows(
    `SELECT list(DISTINCT json_type(${alias})) FILTER (${alias} IS NOT NULL) AS types FROM ${table}`,
  );
  const types = (found!['types'] ?? []) as readonly string[];
  const within = (...allowed: readonly string[]): boolean => types.every((name) => allowed.includes(name));
  if (types.length === 0) return 'VARCHAR';
  if (within('BOOLEAN')) return 'BOOLEAN';
  if (within('UBIGINT', 'BIGINT')) return (await fitsBigint(session, table, alias)) ? 'BIGINT' : 'VARCHAR';
  return within('UBIGINT', 'BIGINT', 'DOUBLE') ? 'DOUBLE' : 'VARCHAR';
}

async function fitsBigint(session: Session, table: string, alias: string): Promise<boolean> {
  const bad = `${alias} IS NOT NULL AND TRY_CAST(${alias} ->> '$' AS BIGINT) IS NULL`;
  const [found] = await session.rows(`SELECT count(*) AS n FROM ${table} WHERE ${bad}`);
  return found!['n'] === 0n;
}
