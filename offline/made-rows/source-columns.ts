import { SEQUENCE_COLUMN } from '../../contracts/lake.ts';
import type { StoredSourceManifest } from '../../contracts/manifest.ts';
import { storedType } from '../../contracts/values.ts';
import { CARRIED_CREATED, CARRIED_EVENT_ID, CARRIED_OPERATION } from '../../definitions/view-source.ts';
import { literalTextList, quoteIdentifier, sqlType } from '../../engine/sql.ts';
import type { MadeRowsInput } from './made-input.ts';

/** Where the time of a row is carried along; the view's own table has it under the source's name. */
export const CARRIED_TIME = '__row_time';

/** The declared columns of a source under their own names, and the identity of each row under reserved ones. */
export function sourceRowsSql({ base, files, arrived }: Omit<MadeRowsInput, 'view'>): string {
  const known = new Set((arrived ? [arrived] : files).flatMap(({ columns }) => columns.map(({ name }) => name)));
  const read = (name: string, type: string, as: string): string =>
    `${known.has(name) ? quoteIdentifier(name) : 'NULL'}::${type} AS ${quoteIdentifier(as)}`;
  const typeOf = (name: string): string => {
    const column = base.columns.find((one) => one.name === name);
    return sqlType(column === undefined ? 'timestamp' : storedType(column.type));
  };
  const list = [
    ...base.columns.map(({ name, type }) => read(name, sqlType(storedType(type)), name)),
    read(SEQUENCE_COLUMN, 'BIGINT', SEQUENCE_COLUMN),
    read(base.timestamp, 'TIMESTAMP', CARRIED_TIME),
    ...carriedNames(base).map(({ from, as }) => read(from, typeOf(from), as)),
  ].join(', ');
  if (arrived !== undefined) return `SELECT ${list} FROM ${arrived.from}`;
  if (files.length === 0) return `SELECT ${list} WHERE false`;
  const paths = literalTextList(files.map(({ localPath }) => localPath));
  return `SELECT ${list} FROM read_parquet(${paths}, union_by_name = true)`;
}

/** What a row made of another one keeps of it beside its time and sequence. */
export function carriedNames({
  created,
  eventId,
  operation,
}: StoredSourceManifest): readonly { readonly from: string; readonly as: string }[] {
  return [
    ...(created === null ? [] : [{ from: created, as: CARRIED_CREATED }]),
    ...(eventId === null ? [] : [{ from: eventId, as: CARRIED_EVENT_ID }]),
    ...(operation === null ? [] : [{ from: operation, as: CARRIED_OPERATION }]),
  ];
}
