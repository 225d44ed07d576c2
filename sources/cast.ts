/**
 * SQL that gives a raw value its declared type: strictly, so that a value that is not of the type becomes null and can
 * be told from a null in the file. One grammar serves every text format.
 */
import { storedType, type ColumnType, type ScalarType, type StoredType } from '../contracts/values.ts';
import { sqlType } from '../engine/sql.ts';
import { instantFromLocal, instantFromText, withinCalendar } from './cast-timestamp.ts';

/** What a raw column may hold, as far as casting differs. */
type Physical = 'text' | 'integer' | 'huge' | 'float' | 'decimal' | 'boolean' | 'local' | 'instant' | 'date' | 'other';

const PHYSICAL: readonly (readonly [RegExp, Physical])[] = [
  [/^(VARCHAR|UUID|ENUM\(.*\))$/s, 'text'],
  [/^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER)$/, 'integer'],
  [/^(UBIGINT|HUGEINT|UHUGEINT)$/, 'huge'],
  [/^(FLOAT|DOUBLE)$/, 'float'],
  [/^DECIMAL\(\d+,\d+\)$/, 'decimal'],
  [/^BOOLEAN$/, 'boolean'],
  [/^TIMESTAMP(_S|_MS|_NS)?$/, 'local'],
  [/^TIMESTAMP WITH TIME ZONE$/, 'instant'],
  [/^DATE$/, 'date'],
];

const EXTRA_TYPES: Readonly<Partial<Record<Physical, ScalarType>>> = {
  text: 'string',
  integer: 'int64',
  float: 'float64',
  decimal: 'float64',
  boolean: 'boolean',
  local: 'timestamp',
  instant: 'timestamp',
  date: 'timestamp',
};

/** Integers above this lose digits as doubles, so a double beyond it is not taken for an integer. */
const SAFE_INTEGER = '9007199254740992';

/**
 * An expression of the declared type for `raw`, null where the value does not cast. `type` is the engine's type of
 * `raw`; `timezone` is where timestamps without a zone are read, null for UTC.
 */
export function castTo(declared: ColumnType, raw: string, type: string, timezone: string | null): string {
  if (declared.startsWith('float32[')) return vectorFrom(declared, raw, type);
  if (declared.endsWith('[]')) return listFrom(declared.slice(0, -2) as ScalarType, raw, type, timezone);
  return scalarFrom(declared as ScalarType | EpochType, raw, physicalOf(type), timezone);
}

/** Whether values of the engine's type are of the declared type as they stand. Timestamps may need a zone. */
export function isSameType(declared: ColumnType, type: string): boolean {
  return !declared.startsWith('timestamp') && sqlType(storedType(declared)) === type;
}

/** The type in which a column that no one declared is stored; undefined for one that is kept as text. */
export function typeForExtra(type: string): StoredType | undefined {
  const element = /^(.*)\[\d*\]$/s.exec(type)?.[1];
  if (element === undefined) return EXTRA_TYPES[physicalOf(type)];
  const scalar = EXTRA_TYPES[physicalOf(element)];
  return scalar === undefined ? undefined : `${scalar}[]`;
}

type EpochType = 'timestamp[s]' | 'timestamp[ms]' | 'timestamp[us]';

function physicalOf(type: string): Physical {
  return PHYSICAL.find(([pattern]) => pattern.test(type))?.[1] ?? 'other';
}

function scalarFrom(
  declared: ScalarType | EpochType,
  raw: string,
  physical: Physical,
  timezone: string | null,
): string {
  switch (declared) {
    case 'string':
      return physical === 'other' ? 'NULL::VARCHAR' : `${raw}::VARCHAR`;
    case 'int64':
      return integerFrom(raw, physical);
    case 'float64':
      return doubleFrom(raw, physical);
    case 'boolean':
      return booleanFrom(raw, physical);
    case 'timestamp':
      return instantFrom(raw, physical, timezone);
    default:
      return epochFrom(declared, raw, physical, timezone);
  }
}

function integerFrom(raw: string, physical: Physical): string {
  switch (physical) {
    case 'text':
      // a fraction of zeros is how a column of integers with nulls is often written
      return `CASE WHEN regexp_full_match(${raw}::VARCHAR, '[+-]?[0-9]+([.]0+)?') THEN TRY_CAST(regexp_replace(${raw}::VARCHAR, '[.]0+$', '') AS BIGINT) END`;
    case 'integer':
    case 'huge':
      return `TRY_CAST(${raw} AS BIGINT)`;
    case 'float':
      return `CASE WHEN ${raw} = trunc(${raw}) AND abs(${raw}) <= ${SAFE_INTEGER} THEN TRY_CAST(${raw} AS BIGINT) END`;
    case 'decimal':
      return `CASE WHEN ${raw} = trunc(${raw}) THEN TRY_CAST(${raw} AS BIGINT) END`;
    default:
      return 'NULL::BIGINT';
  }
}

function doubleFrom(raw: string, physical: Physical): string {
  switch (physical) {
    case 'text':
      return (
        `CASE WHEN regexp_full_match(${raw}::VARCHAR, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?') ` +
        `THEN CASE WHEN isfinite(TRY_CAST(${raw} AS DOUBLE)) THEN TRY_CAST(${raw} AS DOUBLE) END ` +
        `WHEN regexp_full_match(lower(${raw}::VARCHAR), 'nan|[+-]?inf(inity)?') THEN TRY_CAST(${raw} AS DOUBLE) END`
      );
    case 'integer':
    case 'huge':
    case 'float':
    case 'decimal':
      return `${raw}::DOUBLE`;
    default:
      return 'NULL::DOUBLE';
  }
}

function booleanFrom(raw: string, physical: Physical): string {
  switch (physical) {
    case 'text':
      return `CASE lower(${raw}::VARCHAR) WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END`;
    case 'integer':
      return `CASE ${raw} WHEN 1 THEN true WHEN 0 THEN false END`;
    case 'boolean':
      return raw;
    default:
      return 'NULL::BOOLEAN';
  }
}

function instantFrom(raw: string, physical: Physical, timezone: string | null): string {
  switch (physical) {
    case 'text':
      return instantFromText(`${raw}::VARCHAR`, timezone);
    case 'local':
    case 'date':
      return instantFromLocal(`${raw}::TIMESTAMP`, timezone);
    case 'instant':
      return withinCalendar(`timezone('UTC', ${raw})`);
    default:
      return 'NULL::TIMESTAMP';
  }
}

const EPOCH_MICROS: Readonly<Record<EpochType, string>> = {
  'timestamp[s]': '1000000',
  'timestamp[ms]': '1000',
  'timestamp[us]': '1',
};

function epochFrom(declared: EpochType, raw: string, physical: Physical, timezone: string | null): string {
  if (physical === 'local' || physical === 'instant' || physical === 'date') {
    return instantFrom(raw, physical, timezone);
  }
  return withinCalendar(`TRY(make_timestamp((${integerFrom(raw, physical)}) * ${EPOCH_MICROS[declared]}))`);
}

/** A list whose elements all cast; a null element stays null. */
function listFrom(element: ScalarType, raw: string, type: string, timezone: string | null): string {
  const elements = elementsOf(raw, type);
  if (elements === undefined) return `NULL::${sqlType(`${element}[]`)}`;
  const cast = scalarFrom(element, 'e', physicalOf(elements.type), timezone);
  const bad = `len(list_filter(${elements.sql}, lambda e: e IS NOT NULL AND (${cast}) IS NULL))`;
  return `CASE WHEN ${bad} = 0 THEN list_transform(${elements.sql}, lambda e: ${cast}) END`;
}

/** A vector of the declared length without nulls. */
function vectorFrom(declared: ColumnType, raw: string, type: string): string {
  const target = sqlType(storedType(declared));
  const elements = elementsOf(raw, type);
  if (elements === undefined) return `NULL::${target}`;
  const length = declared.slice('float32['.length, -1);
  const cast = `TRY_CAST(${doubleFrom('e', physicalOf(elements.type))} AS FLOAT)`;
  const good = `len(list_filter(${elements.sql}, lambda e: (${cast}) IS NOT NULL))`;
  const whole = `len(${elements.sql}) = ${length} AND ${good} = ${length}`;
  // the cast stands outside: DuckDB has no CASE over vectors of a fixed length
  return `CAST(CASE WHEN ${whole} THEN list_transform(${elements.sql}, lambda e: ${cast}) END AS ${target})`;
}

/** The elements as a list expression with their type. Text is a JSON array. */
function elementsOf(raw: string, type: string): { readonly sql: string; readonly type: string } | undefined {
  if (type === 'VARCHAR') {
    const array = `CASE WHEN json_valid(${raw}) THEN json_type(${raw}) = 'ARRAY' END`;
    const elements = `list_transform(json_extract(${raw}, '$[*]'), lambda j: j ->> '$')`;
    return { sql: `(CASE WHEN ${array} THEN ${elements} END)`, type: 'VARCHAR' };
  }
  const match = /^(.*)\[\d*\]$/s.exec(type);
  return match?.[1] === undefined ? undefined : { sql: `(${raw}::${match[1]}[])`, type: match[1] };
}
