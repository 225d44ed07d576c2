/**
 * The event relation in Spark, from a source's table: the keys `k0` …, `ev` and `cr` in microseconds (`cr` null without a
 * created time), `seq`, `del`, and the columns asked for as `c0` …. Names are positions: those of sources differ in case
 * alone, or are words of ours.
 */
import { posix } from 'node:path';
import { SEQUENCE_COLUMN, type CommittedFile } from '../../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../../contracts/manifest.ts';
import type { StoredType } from '../../contracts/values.ts';
import { sparkBigint, sparkIdentifier, sparkMicros, sparkText, sparkType } from '../../engine/spark/spark-sql.ts';
import type { Lake } from '../../lake/lake.ts';
import { isDeleteSql } from '../../sources/change-operations.ts';
import { columnType, type EventRange } from '../event-relation.ts';
import { sparkFiles } from './lake-location.ts';

export interface SparkEvents {
  /** Statements that make the files readable in a session. */
  readonly setup: readonly string[];
  /** A SELECT of the relation. */
  readonly select: string;
}

export interface SparkEventsInput {
  readonly lake: Pick<Lake, 'url'>;
  /** Not empty. */
  readonly files: readonly CommittedFile[];
  readonly view: FeatureViewManifest;
  readonly source: StoredSourceManifest;
  readonly columns: readonly string[];
  /** Rows outside may be left out; they are not read. */
  readonly range: EventRange;
}

/** The name of the view that holds files of one directory with the same columns. */
const FILES = 'asof_files_';

export function sparkEvents(input: SparkEventsInput): SparkEvents {
  const needed = neededColumns(input);
  const groups = alikeFiles(input.files, needed);
  return {
    setup: groups.map(
      ({ directory, names, columns }, index) =>
        `CREATE OR REPLACE TEMPORARY VIEW ${FILES}${index} (${columns
          .map(({ name, type }) => `${sparkIdentifier(name)} ${sparkType(type)}`)
          .join(', ')}) USING parquet OPTIONS (path ${sparkText(sparkFiles(input.lake, directory, names))})`,
    ),
    select: groups.map(({ columns }, index) => selectSql(input, columns, `${FILES}${index}`)).join('\nUNION ALL\n'),
  };
}

interface Column {
  readonly name: string;
  readonly type: StoredType;
}

interface AlikeFiles {
  readonly directory: string;
  readonly names: readonly string[];
  /** Those that are needed, with the types that the files have. */
  readonly columns: readonly Column[];
}

function neededColumns({ view, source, columns }: SparkEventsInput): ReadonlySet<string> {
  const order = [source.timestamp, source.created, source.operation, SEQUENCE_COLUMN];
  return new Set([...view.keys.map(({ column }) => column), ...order.filter((name) => name !== null), ...columns]);
}

function alikeFiles(files: readonly CommittedFile[], needed: ReadonlySet<string>): readonly AlikeFiles[] {
  const groups = new Map<string, AlikeFiles & { readonly names: string[] }>();
  for (const { path, columns: all } of files) {
    const directory = posix.dirname(path);
    const columns = all.filter(({ name }) => needed.has(name));
    const key = JSON.stringify([directory, columns]);
    const group = groups.get(key);
    if (group) group.names.push(posix.basename(path));
    else groups.set(key, { directory, names: [posix.basename(path)], columns });
  }
  return [...groups.values()];
}

function selectSql({ view, source, columns, range }: SparkEventsInput, held: readonly Column[], from: string): string {
  const read = (name: string | null, type: StoredType): string => {
    const column = held.find((candidate) => candidate.name === name);
    if (column === undefined) return `CAST(NULL AS ${sparkType(type)})`;
    const value = sparkIdentifier(column.name);
    return column.type === type ? value : `CAST(${value} AS ${sparkType(type)})`;
  };
  const event = sparkMicros(read(source.timestamp, 'timestamp'));
  // the same text in both engines
  const deleted = isDeleteSql(`CAST(${read(source.operation, 'string')} AS STRING)`);
  const list = [
    ...view.keys.map(({ column, type }, index) => `${read(column, type)} AS k${index}`),
    `${event} AS ev`,
    `${sparkMicros(read(source.created, 'timestamp'))} AS cr`,
    `${read(SEQUENCE_COLUMN, 'int64')} AS seq`,
    `${deleted} AS del`,
    ...columns.map((name, index) => `${read(name, columnType(source, name))} AS c${index}`),
  ];
  const bounds = [
    ...(range.from === undefined ? [] : [`${event} >= ${sparkBigint(range.from)}`]),
    ...(range.to === undefined ? [] : [`${event} < ${sparkBigint(range.to)}`]),
  ];
  return `SELECT ${list.join(', ')} FROM ${from}${bounds.length === 0 ? '' : ` WHERE ${bounds.join(' AND ')}`}`;
}

/** `k0, k1, …` behind a prefix. */
export function keyList(count: number, prefix = ''): string {
  return Array.from({ length: count }, (_, index) => `${prefix}k${index}`).join(', ');
}

/** The condition that two relations agree in their keys. */
export function keysMatch(count: number, left: string, right: string): string {
  return Array.from({ length: count }, (_, index) => `${left}.k${index} = ${right}.k${index}`).join(' AND ');
}
