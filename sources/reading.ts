/** From the raw relation of a file to the rows of its source: our names, declared types, extra columns, faults. */
import { AsofError } from '../contracts/errors.ts';
import { CREATED_COLUMN, EVENT_COLUMN, SEQUENCE_COLUMN } from '../contracts/lake.ts';
import type { ColumnManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { storedType } from '../contracts/values.ts';
import type { Session } from '../engine/engine.ts';
import { quoteIdentifier } from '../engine/sql.ts';
import { castTo, isSameType, typeForExtra } from './cast.ts';
import { isUnknownOperationSql, OPERATION_WORDS } from './change-operations.ts';
import { isColumnAlias, type RawColumn, type RawRelation } from './raw-relation.ts';
import { FAULT_COLUMN, RAW_COLUMN, ROW_COLUMN, type Reading, type SourceColumn, type ValueCheck } from './source.ts';

const RESERVED = new Set([SEQUENCE_COLUMN, EVENT_COLUMN, CREATED_COLUMN, ROW_COLUMN, FAULT_COLUMN, RAW_COLUMN]);
/** What the value of a column that is not declared is called in an error. */
const UNDECLARED = 'column of this source';

interface StoredColumn extends SourceColumn {
  /** An expression over the raw relation. */
  readonly sql: string;
}

/** `condition` holds over the raw relation with the stored columns under their names. */
interface Fault {
  readonly condition: string;
  readonly check: ValueCheck;
}

/**
 * Plans how `raw`, the relation of the input at `path`, becomes rows of the source. Throws `INPUT_COLUMN_MISSING` for
 * a declared column that is not there, and `INPUT_UNREADABLE` for columns that a frozen contract does not allow or
 * names that cannot be stored.
 */
export function planReading(source: StoredSourceManifest, path: string, raw: RawRelation): Reading {
  const byName = new Map(raw.columns.map((column) => [column.name, column]));
  const pairs = source.columns.map((column) => ({ column, raw: requireColumn(source, path, byName, column) }));
  const used = new Set(pairs.map((pair) => pair.raw));
  const extra = raw.columns.filter((column) => !used.has(column));
  if (source.contract.columns === 'freeze' && extra.length > 0) {
    const names = extra.map(({ name }) => `"${name}"`).join(', ');
    const problem = `it has columns that the source does not declare, and its contract freezes them: ${names}`;
    throw new AsofError('INPUT_UNREADABLE', { where: source.name, path, problem });
  }
  const declared = pairs.map((pair): StoredColumn => ({
    name: pair.column.name,
    type: storedType(pair.column.type),
    sql: isSameType(pair.column.type, pair.raw.type)
      ? pair.raw.alias
      : castTo(pair.column.type, pair.raw.alias, pair.raw.type, source.timezone),
  }));
  const kept = source.contract.columns === 'evolve' ? extra.map((column) => storeExtra(source, column)) : [];
  const stored = [...declared, ...kept];
  requireDistinctNames(source, path, stored);
  const faults = [
    ...(source.contract.types === 'discard' ? [] : pairs.flatMap((pair) => castFault(source, pair.column, pair.raw))),
    ...pairs.filter(({ column }) => column.name === source.operation).map((pair) => operationFault(source, pair)),
    ...(source.contract.columns === 'quarantine' ? extra.map(extraFault) : []),
  ];
  return {
    path,
    sql: readingSql(raw, stored, faults),
    columns: stored.map(({ name, type }) => ({ name, type })),
    checks: faults.map(({ check }) => check),
    rawSql: raw.sql,
    rawJsonSql: raw.jsonSql,
    firstRow: 1n,
  };
}

/** The text of the value that a check found wrong, as it stands in the input. */
export async function faultyValue(session: Session, reading: Reading, check: ValueCheck, row: bigint): Promise<string> {
  const [found] = await session.rows(
    `SELECT ${check.alias}::VARCHAR AS value FROM (${reading.rawSql}) WHERE ${ROW_COLUMN} = ${row}`,
  );
  return JSON.stringify(found?.['value'] ?? null);
}

function requireColumn(
  source: StoredSourceManifest,
  path: string,
  byName: ReadonlyMap<string, RawColumn>,
  column: ColumnManifest,
): RawColumn {
  const found = byName.get(column.from);
  if (found) return found;
  const known = [...byName.keys()];
  throw new AsofError('INPUT_COLUMN_MISSING', { where: source.name, path, column: column.from, known });
}

function storeExtra(source: StoredSourceManifest, { name, alias, type }: RawColumn): StoredColumn {
  const stored = typeForExtra(type);
  const sql = stored === undefined ? `${alias}::VARCHAR` : castTo(stored, alias, type, source.timezone);
  return { name, type: stored ?? 'string', sql };
}

function castFault(
  { contract }: StoredSourceManifest,
  column: ColumnManifest,
  { alias, type }: RawColumn,
): readonly Fault[] {
  if (isSameType(column.type, type)) return [];
  const quarantine = contract.types === 'quarantine';
  const condition = `${alias} IS NOT NULL AND ${quoteIdentifier(column.name)} IS NULL`;
  return [{ condition, check: { column: column.name, from: column.from, type: column.type, alias, quarantine } }];
}

function operationFault(
  { contract }: StoredSourceManifest,
  { column, raw }: { readonly column: ColumnManifest; readonly raw: RawColumn },
): Fault {
  const quarantine = contract.types === 'quarantine';
  return {
    condition: isUnknownOperationSql(quoteIdentifier(column.name)),
    check: { column: column.name, from: column.from, type: OPERATION_WORDS, alias: raw.alias, quarantine },
  };
}

function extraFault({ name, alias }: RawColumn): Fault {
  return {
    condition: `${alias} IS NOT NULL`,
    check: { column: name, from: name, type: UNDECLARED, alias, quarantine: true },
  };
}

/** Identifiers of the engine and of Parquet tables ignore case. */
function requireDistinctNames(source: StoredSourceManifest, path: string, columns: readonly SourceColumn[]): void {
  const seen = new Map<string, string>();
  for (const { name } of columns) {
    const twin = seen.get(name.toLowerCase());
    const problem = isReservedName(name.toLowerCase())
      ? `the column name "${name}" is reserved; rename it or leave it out with contract { columns: "discard" }`
      : twin === undefined
        ? undefined
        : `its columns "${twin}" and "${name}" have the same name but for case; rename one of them`;
    if (problem !== undefined) throw new AsofError('INPUT_UNREADABLE', { where: source.name, path, problem });
    seen.set(name.toLowerCase(), name);
  }
}

function readingSql(raw: RawRelation, stored: readonly StoredColumn[], faults: readonly Fault[]): string {
  const typed = stored.map(({ name, sql }) => `${sql} AS ${quoteIdentifier(name)}`);
  const cases = faults.map(({ condition }, index) => `WHEN ${condition} THEN ${index + 1}`);
  const fault = cases.length === 0 ? 'NULL' : `CASE ${cases.join(' ')} END`;
  const names = stored.map(({ name }) => quoteIdentifier(name));
  const aliases = raw.columns.map(({ alias }) => alias);
  return (
    `SELECT ${[ROW_COLUMN, ...names, `(${fault})::INTEGER AS ${FAULT_COLUMN}`].join(', ')} ` +
    `FROM (SELECT ${[ROW_COLUMN, ...aliases, ...typed].join(', ')} FROM (${raw.sql}))`
  );
}

/** Whether a column may not have this name, in lower case. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name) || isColumnAlias(name);
}
