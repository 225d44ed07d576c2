/** Parquet: the file's own types, and its own row numbers. */
import type { Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import { columnAlias, jsonOfColumns, type RawRelation } from './raw-relation.ts';
import { ROW_COLUMN } from './source.ts';

export async function parquetRelation(session: Session, path: string): Promise<RawRelation> {
  const file = `read_parquet(${literalText(path)}, hive_partitioning = false`;
  const described = await session.rows(`DESCRIBE SELECT * FROM ${file})`);
  const columns = described.map((row, index) => ({
    name: row['column_name'] as string,
    alias: columnAlias(index),
    type: row['column_type'] as string,
  }));
  const list = columns.map(({ name, alias }) => `${quoteIdentifier(name)} AS ${alias}`);
  const sql = `SELECT ${[`file_row_number AS ${ROW_COLUMN}`, ...list].join(', ')} FROM ${file}, file_row_number = true)`;
  return { sql, columns, jsonSql: jsonOfColumns(sql, columns) };
}

/** From the footer, without reading rows. */
export async function countParquet(session: Session, path: string): Promise<number> {
  const [row] = await session.rows(
    `SELECT coalesce(sum(num_rows), 0)::BIGINT AS n FROM parquet_file_metadata(${literalText(path)})`,
  );
  return Number(row?.['n']);
}
