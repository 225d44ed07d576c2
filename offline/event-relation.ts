/**
 * The event relation: how the rows of a view are read, whatever files hold them. It has the key columns under the names
 * of `relationKeys`, `__event`, `__created` (null without a created column), `__seq`, `__deleted` for sources with an
 * operation column, and the columns asked for under their own names, in their declared types.
 */
import {
  CREATED_COLUMN,
  EVENT_COLUMN,
  SEQUENCE_COLUMN,
  type CommittedFile,
  type TimeRange,
} from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { PlannedView } from '../contracts/plan.ts';
import { storedType, type StoredType } from '../contracts/values.ts';
import { literalTextList, quoteIdentifier, sqlType } from '../engine/sql.ts';
import { isDeleteSql } from '../sources/change-operations.ts';

/** True for a row that says that its key was deleted. */
export const DELETED_COLUMN = '__deleted';

/** A file at hand. */
export interface EventFile {
  readonly localPath: string;
  readonly columns: CommittedFile['columns'];
}

/** Rows in a table of the session, in place of files. */
export interface RowTable {
  /** Quoted where it needs to be. */
  readonly from: string;
  readonly columns: EventFile['columns'];
}

export interface EventRelationInput {
  readonly files: readonly EventFile[];
  /** A source table has its source's columns; a view table the columns of the relation itself. */
  readonly table: 'source' | 'view';
  readonly view: FeatureViewManifest;
  readonly source: StoredSourceManifest;
  /** Columns of the source beside keys and times. */
  readonly columns: readonly string[];
  /** Stands in place of the files: a table with the rows that the view makes of them. */
  readonly made?: RowTable;
}

interface RelationColumn {
  readonly name: string;
  readonly type: StoredType;
  /** The file's column; null for one that the source does not have. */
  readonly from: string | null;
}

/** A SELECT of the relation. A column that no file has is null; without files the relation is empty. */
export function eventRelation(input: EventRelationInput): string {
  const { made } = input;
  const known = new Set((made ? [made] : input.files).flatMap((file) => file.columns.map((column) => column.name)));
  const columns = relationColumns(input);
  const list = columns.map((column) => {
    const present = column.from !== null && known.has(column.from);
    const value = present ? readColumn(column.from, column, input) : `NULL::${sqlType(column.type)}`;
    return `${value} AS ${quoteIdentifier(column.name)}`;
  });
  if (made !== undefined) return `SELECT ${list.join(', ')} FROM ${made.from}`;
  if (input.files.length === 0) return `SELECT ${list.join(', ')} WHERE false`;
  const paths = literalTextList(input.files.map((file) => file.localPath));
  return `SELECT ${list.join(', ')} FROM read_parquet(${paths}, union_by_name = true)`;
}

/** A source table holds the operation itself, a view table what it means. */
function readColumn(from: string, column: RelationColumn, input: EventRelationInput): string {
  const value = quoteIdentifier(from);
  if (column.name !== DELETED_COLUMN || input.table === 'view') return `${value}::${sqlType(column.type)}`;
  return isDeleteSql(`${value}::VARCHAR`);
}

function relationColumns({ table, view, source, columns }: EventRelationInput): readonly RelationColumn[] {
  const fromView = table === 'view';
  const keyNames = relationKeys(view);
  const reserved: readonly RelationColumn[] = [
    { name: EVENT_COLUMN, type: 'timestamp', from: fromView ? EVENT_COLUMN : source.timestamp },
    { name: CREATED_COLUMN, type: 'timestamp', from: fromView ? CREATED_COLUMN : source.created },
    { name: SEQUENCE_COLUMN, type: 'int64', from: SEQUENCE_COLUMN },
  ];
  const deleted: readonly RelationColumn[] =
    source.operation === null
      ? []
      : [{ name: DELETED_COLUMN, type: 'boolean', from: fromView ? DELETED_COLUMN : source.operation }];
  const keys = view.keys.map((key, index) => {
    const name = keyNames[index] ?? key.name;
    return { name, type: key.type, from: fromView ? name : key.column };
  });
  const held = new Set(keys.map((key) => key.name));
  const used = [...new Set(columns)]
    .filter((name) => !held.has(name))
    .map((name) => ({ name, type: columnType(source, name), from: name }));
  return [...keys, ...reserved, ...deleted, ...used];
}

/** The stored type of a source's column; the manifest's references are resolved, so it exists. */
export function columnType(source: StoredSourceManifest, name: string): StoredType {
  const column = source.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new TypeError(`source ${source.name} declares no column ${name}`);
  return storedType(column.type);
}

/**
 * By position the relation's names of a view's keys: the key's name, unless a feature reads another column of that name
 * (names in SQL have no case).
 */
export function relationKeys(view: FeatureViewManifest): readonly string[] {
  const used = new Set(usedColumns(view).map((name) => name.toLowerCase()));
  return view.keys.map(({ name, column }) =>
    name !== column && used.has(name.toLowerCase()) ? `__key_${name}` : name,
  );
}

/** The source columns that a view's features read, filters included, without repeats, in order of first use. */
export function usedColumns(view: Pick<FeatureViewManifest, 'features'>): readonly string[] {
  const names = view.features.flatMap((feature) => [
    ...(feature.column === null ? [] : [feature.column]),
    ...(feature.kind === 'aggregate' ? feature.where.map(({ column }) => column) : []),
  ]);
  return [...new Set(names)];
}

/** Those columns with their types. */
export function usedTypedColumns({
  source,
  features,
}: Pick<PlannedView, 'source' | 'features'>): readonly { readonly name: string; readonly type: StoredType }[] {
  return usedColumns({ features }).map((name) => ({ name, type: columnType(source, name) }));
}

/** The condition that two relations agree in their key columns. */
export function keysEqual(keys: readonly string[], left: string, right: string): string {
  return keys.map((key) => `${left}.${quoteIdentifier(key)} = ${right}.${quoteIdentifier(key)}`).join(' AND ');
}

/** Bounds of event time; either may be open. */
export type EventRange = Partial<TimeRange>;

/** The files that can hold a row in the range. Empty files are left out. */
export function pruneFiles<File extends Pick<CommittedFile, 'minEvent' | 'maxEvent'>>(
  files: readonly File[],
  { from, to }: EventRange,
): readonly File[] {
  return files.filter(
    ({ minEvent, maxEvent }) =>
      minEvent !== null &&
      maxEvent !== null &&
      (from === undefined || maxEvent >= from) &&
      (to === undefined || minEvent < to),
  );
}
