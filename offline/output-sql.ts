/** Values as the output file shows them. `type` is always the engine's type of the expression. */
import { literalText, sqlType } from '../engine/sql.ts';
import type { StoredType } from '../contracts/values.ts';
import { typeShape } from './nested-types.ts';
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
const DECIMAL = /^DECIMAL\(\d+,\d+\)$/;

/** Timestamps with six digits and `Z`; NaN and infinities as JavaScript writes them; nested values as JSON. */
function textSql(value: string, type: string): string {
  if (TIMESTAMP.test(type)) return `strftime(${utcSql(value, type)}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
  if (FLOATING.test(type)) return `CASE WHEN isfinite(${value}) THEN ${value}::VARCHAR ELSE ${nonFiniteSql(value)} END`;
  if (NESTED.test(type)) return `${jsonSql(value, type)}::VARCHAR`;
  return type === 'VARCHAR' ? value : `${value}::VARCHAR`;
}

/**
 * Numbers that JSON readers would round, NaN and infinities are strings, at any depth. `depth` tells the variables of
 * nested lambdas apart.
 */
function jsonSql(value: string, type: string, depth = 0): string {
  if (TIMESTAMP.test(type)) return `to_json(${textSql(value, type)})`;
  if (FLOATING.test(type)) {
    return `CASE WHEN isfinite(${value}) THEN to_json(${value}) ELSE to_json(${nonFiniteSql(value)}) END`;
  }
  if (WHOLE.test(type)) {
    const safe = `${value} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}`;
    return `CASE WHEN ${safe} THEN to_json(${value}) ELSE to_json(${value}::VARCHAR) END`;
  }
  if (DECIMAL.test(type)) {
    const exact = `TRY_CAST(${value}::DOUBLE AS ${type}) = ${value}`;
    return `CASE WHEN ${exact} THEN ${value}::VARCHAR::JSON ELSE to_json(${value}::VARCHAR) END`;
  }
  const shape = typeShape(type);
  const item = `item${depth}`;
  const nested = (part: string, of: string): string => jsonSql(part, of, depth + 1);
  const list = (items: string, of: string): string => `list_transform(${items}, lambda ${item}: ${nested(item, of)})`;
  switch (shape.kind) {
    case 'scalar':
      return `to_json(${value})`;
    case 'list':
      return `to_json(${list(`${value}::${shape.element}[]`, shape.element)})`;
    case 'map':
      return `to_json(map(map_keys(${value})::VARCHAR[], ${list(`map_values(${value})`, shape.value)}))`;
    case 'struct': {
      const members = shape.fields.map(
        ({ name, type: of }) => `${literalText(name)}, ${nested(`${value}[${literalText(name)}]`, of)}`,
      );
      return `CASE WHEN ${value} IS NOT NULL THEN json_object(${members.join(', ')}) END`;
    }
  }
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
