/** Text that goes into SQL: quoted identifiers and literals. Values that can be bound are bound instead. */
import type { Micros } from '../contracts/time.ts';
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from './engine.ts';

/** A name as an identifier, whatever characters it has. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A comma-separated list of quoted names, each behind `prefix` (an alias with its dot). */
export function identifierList(names: readonly string[], prefix = ''): string {
  return names.map((name) => prefix + quoteIdentifier(name)).join(', ');
}

/** A string literal. Backslashes are data in DuckDB; the text of a statement ends at a NUL, so that one is spelt out. */
export function literalText(text: string): string {
  const parts = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts[0]! : `(${parts.join(' || chr(0) || ')})`;
}

/** Quoted, because the minus of the least BIGINT would otherwise apply to a number that is out of range. */
export function literalBigint(value: bigint): string {
  return `'${value}'::BIGINT`;
}

/** A TIMESTAMP literal of epoch microseconds. */
export function literalTimestamp(instant: Micros): string {
  return `make_timestamp(${literalBigint(instant)})`;
}

/** A list of strings, such as the files of `read_parquet`. */
export function literalTextList(texts: readonly string[]): string {
  return `[${texts.map(literalText).join(', ')}]`;
}

/** The DuckDB type in which values of a stored type are kept. */
export function sqlType(type: StoredType): string {
  if (type.startsWith('float32[')) return `FLOAT${type.slice('float32'.length)}`;
  if (type.endsWith('[]')) return `${sqlType(type.slice(0, -2) as StoredType)}[]`;
  switch (type) {
    case 'string':
      return 'VARCHAR';
    case 'int64':
      return 'BIGINT';
    case 'float64':
      return 'DOUBLE';
    case 'boolean':
      return 'BOOLEAN';
    default:
      return 'TIMESTAMP';
  }
}

/**
 * A value as a literal of its stored type. Timestamps are `bigint` microseconds; doubles keep every bit, NaN and
 * infinities included.
 */
export function literalValue(value: EngineValue, type: StoredType): string {
  const target = sqlType(type);
  if (value === null) return `NULL::${target}`;
  if (typeof value === 'string') return `${literalText(value)}::${target}`;
  if (typeof value === 'bigint') return type === 'timestamp' ? literalTimestamp(value) : `'${value}'::${target}`;
  if (typeof value === 'boolean') return `${value}::${target}`;
  if (typeof value === 'number') return `'${Object.is(value, -0) ? '-0' : value}'::${target}`;
  const element = type.startsWith('float32[') ? 'float64' : (type.slice(0, -2) as StoredType);
  return `[${value.map((item) => literalValue(item, element)).join(', ')}]::${target}`;
}
