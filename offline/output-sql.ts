/** Values as the output file shows them. `type` is always the engine's type of the expression. */
import { sqlType } from '../engine/sql.ts';
import type { StoredType } from '../contracts/values.ts';
import type { SpineColumn } from './spine.ts';
import type { TableFormat } from './spine-format.ts';
import { JSON_TYPE } from './spine-relation.ts';

/** A column of the spine, whose text comes back as it stood in the spine. */
export function ownColumnSql(column: SpineColumn, alias: string, format: TableFormat): string {
  const value = `${alias}.${column.alias}`;
  if (column.type !== JSON_TYPE) return outputSql(value, column.type, format);
  if (format === 'jsonl') return `${value}::JSON`;
  const text = `(${value} ->> '$')`;
  return format === 'parquet' && column.parquetType !== 'VARCHAR' ? `${text}::${column.parquetType}` : text;
}

export function featureColumnSql(value: string, type: StoredType, format: TableFormat): string {
  return outputSql(value, sqlType(type), format);
}

/** `type` is the engine's. */
export function outputSql(value: string, type: string, format: TableFormat): string {
  switch (format) {
    case 'parquet':
      return value;
    case 'csv':
      return textSql(value, type);
    case 'jsonl':
      return jsonSql(value, type);
  }
}

/** `TIMESTAMP_NS` and the like too, but no list of them. */
const TIMESTAMP = /^TIMESTAMP(_[A-Z]+| WITH TIME ZONE)?$/;
const WHOLE = /^U?(BIGINT|HUGEINT)$/;
const FLOATING = /^(FLOAT|DOUBLE)$/;
const NESTED = /(\]|^STRUCT\(.*\)|^MAP\(.*\)|^UNION\(.*\))$/s;
const LIST = /^(.*)\[\d*\]$/s;

/** Timestamps with six digits and `Z`; NaN and infinities as JavaScript writes them; nested values as JSON. */
function textSql(value: string, type: string): string {
  if (TIMESTAMP.test(type)) return `strftime(${utcSql(value, type)}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
  if (FLOATING.test(type)) return `CASE WHEN isfinite(${value}) THEN ${value}::VARCHAR ELSE ${nonFiniteSql(value)} END`;
  if (NESTED.test(type)) return `${jsonSql(value, type)}::VARCHAR`;
  return type === 'VARCHAR' ? value : `${value}::VARCHAR`;
}

/** Integers that JSON readers would round, NaN and infinities are strings. */
function jsonSql(value: string, type: string): string {
  if (TIMESTAMP.test(type)) return `to_json(${textSql(value, type)})`;
  if (FLOATING.test(type)) {
    return `CASE WHEN isfinite(${value}) THEN to_json(${value}) ELSE to_json(${nonFiniteSql(value)}) END`;
  }
  if (WHOLE.test(type)) {
    const safe = `${value} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}`;
    return `CASE WHEN ${safe} THEN to_json(${value}) ELSE to_json(${value}::VARCHAR) END`;
  }
  const element = LIST.exec(type)?.[1];
  if (element !== undefined && (WHOLE.test(element) || FLOATING.test(element) || TIMESTAMP.test(element))) {
    return `to_json(list_transform(${value}::${element}[], lambda item: ${jsonSql('item', element)}))`;
  }
  return `to_json(${value})`;
}

function utcSql(value: string, type: string): string {
  return type === 'TIMESTAMP WITH TIME ZONE' ? `timezone('UTC', ${value})` : `${value}::TIMESTAMP`;
}

function nonFiniteSql(value: string): string {
  return `CASE WHEN isnan(${value}) THEN 'NaN' WHEN ${value} > 0 THEN 'Infinity' WHEN ${value} < 0 THEN '-Infinity' END`;
}

/** DuckDB's own, and least, number of rows in a row group of Parquet. */
const ROW_GROUP_ROWS = 122_880;
const LEAST_ROW_GROUP_ROWS = 2048;
/** A row group is written from memory, so a wide table gets shorter ones. */
const ROW_GROUP_CELLS = 4_000_000;

/** What follows `COPY (…) TO 'path'`, for a table of so many columns. */
export function copyOptions(format: TableFormat, columns: number): string {
  switch (format) {
    case 'parquet': {
      const rows = Math.min(ROW_GROUP_ROWS, Math.max(LEAST_ROW_GROUP_ROWS, Math.floor(ROW_GROUP_CELLS / columns)));
      return `(FORMAT parquet, ROW_GROUP_SIZE ${rows})`;
    }
    case 'csv':
      return '(FORMAT csv, HEADER true)';
    case 'jsonl':
      return '(FORMAT json)';
  }
}
