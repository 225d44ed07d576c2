/** Text that goes into Spark's SQL: quoted identifiers, literals and types. */
import type { StoredType } from '../../contracts/values.ts';
import type { EngineValue } from '../engine.ts';

/** A name as an identifier, whatever characters it has. */
export function sparkIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A string literal. Backslashes escape in Spark, and control characters are written by their number. */
export function sparkText(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replace(/[\u0000-\u001f\u007f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `'${escaped}'`;
}

/** Quoted, because the minus of the least BIGINT would otherwise apply to a number that is out of range. */
export function sparkBigint(value: bigint): string {
  return `CAST('${value}' AS BIGINT)`;
}

/** The type in which Spark reads and writes values of a stored type. */
export function sparkType(type: StoredType): string {
  if (type.startsWith('float32[')) return 'ARRAY<FLOAT>';
  if (type.endsWith('[]')) return `ARRAY<${sparkType(type.slice(0, -2) as StoredType)}>`;
  switch (type) {
    case 'string':
      return 'STRING';
    case 'int64':
      return 'BIGINT';
    case 'float64':
      return 'DOUBLE';
    case 'boolean':
      return 'BOOLEAN';
    default:
      return 'TIMESTAMP_NTZ';
  }
}

/** A scalar as a literal of its stored type. Timestamps are `bigint` microseconds; doubles keep every bit. */
export function sparkLiteral(value: EngineValue, type: StoredType): string {
  if (value === null) return `CAST(NULL AS ${sparkType(type)})`;
  if (typeof value === 'string') return sparkText(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return `CAST('${Object.is(value, -0) ? '-0' : value}' AS DOUBLE)`;
  if (typeof value === 'bigint') return type === 'timestamp' ? sparkInstant(value) : sparkBigint(value);
  throw new TypeError(`${type} has no literal in Spark`);
}

/** Microseconds since 1970 as TIMESTAMP_NTZ, under the session's time zone UTC. */
function sparkInstant(micros: bigint): string {
  return `CAST(timestamp_micros(${sparkBigint(micros)}) AS TIMESTAMP_NTZ)`;
}

/** Microseconds since 1970 of a TIMESTAMP_NTZ, under the session's time zone UTC. */
export function sparkMicros(expression: string): string {
  return `unix_micros(CAST(${expression} AS TIMESTAMP))`;
}
