/** The rows of one file before their values have types. */
import { literalText } from '../engine/sql.ts';
import { RAW_COLUMN, ROW_COLUMN } from './source.ts';

export interface RawRelation {
  /** A SELECT that gives `ROW_COLUMN` and the columns under their aliases. */
  readonly sql: string;
  readonly columns: readonly RawColumn[];
  /** A SELECT that gives `ROW_COLUMN` and `RAW_COLUMN`: the whole row as JSON text under the file's names. */
  readonly jsonSql: string;
}

export interface RawColumn {
  /** As in the file. */
  readonly name: string;
  readonly alias: string;
  /** The engine's type, such as `VARCHAR`, `INTEGER` or `BIGINT[]`. Text formats give `VARCHAR`. */
  readonly type: string;
}

/** Aliases are positions: names of a file may clash with ours, or with each other but for their case. */
export function columnAlias(index: number): string {
  return `__c${index}`;
}

export function isColumnAlias(name: string): boolean {
  return /^__c\d+$/.test(name);
}

/** The `jsonSql` of a relation that has columns only. */
export function jsonOfColumns(sql: string, columns: readonly RawColumn[]): string {
  const members = columns.map(({ name, alias }) => `${literalText(name)}, ${alias}`).join(', ');
  return `SELECT ${ROW_COLUMN}, json_object(${members})::VARCHAR AS ${RAW_COLUMN} FROM (${sql})`;
}
