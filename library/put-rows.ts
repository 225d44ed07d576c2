/** Rows as a program gives them, checked against the columns of their source before anything is written. */
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import type { JsonValue } from '../contracts/values.ts';
import { suggestNames } from '../definitions/closest-names.ts';
import { readColumnValue } from './column-values.ts';
import type { PutRow } from './store.ts';

/** The JSON of every column of the source by its stored type; null where a row has none. */
export type CheckedRow = ReadonlyMap<string, JsonValue>;

/** May stand for the source's own name of the event time. */
const TIMESTAMP = 'timestamp';

/** Throws `INVALID_VALUE` naming the row, counted from 1, and the column. */
export function checkPutRows(
  view: FeatureViewManifest,
  source: StoredSourceManifest,
  rows: readonly PutRow[],
  now: Micros,
): readonly CheckedRow[] {
  const columns = new Map(source.columns.map((column) => [column.name, column]));
  return rows.map((row, index) => {
    const refuse = (problem: string): never => {
      throw new AsofError('INVALID_VALUE', { where: `view ${view.name}, row ${index + 1}`, problem });
    };
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return refuse('it is not an object of columns');
    const values = eventNamed(row, source, columns, refuse);
    for (const name of Object.keys(values)) {
      if (columns.has(name)) continue;
      const known = suggestNames(name, columns.keys()).join(', ');
      refuse(`source ${source.name} has no column "${name}"; it has: ${known}`);
    }
    if (values[source.timestamp] === null) refuse('the event time is null; leave it out for now');
    for (const { column } of view.keys) if ((values[column] ?? null) === null) refuse(`key "${column}" is missing`);
    const checked = new Map<string, JsonValue>();
    for (const column of columns.values()) {
      const given = values[column.name] ?? timeOf(column.name, values, source, now);
      const json = given === null ? null : readColumnValue(given, column.type, source.timezone);
      if (json === undefined) refuse(`column "${column.name}": ${show(given)} is not a valid ${column.type}`);
      checked.set(column.name, json ?? null);
    }
    return checked;
  });
}

function eventNamed(
  row: PutRow,
  source: StoredSourceManifest,
  columns: ReadonlyMap<string, unknown>,
  refuse: (problem: string) => never,
): PutRow {
  if (columns.has(TIMESTAMP) || !Object.hasOwn(row, TIMESTAMP)) return row;
  const { [TIMESTAMP]: event, ...values } = row;
  if (values[source.timestamp] !== undefined) {
    refuse(`"${TIMESTAMP}" and "${source.timestamp}" are both given; give the event time once`);
  }
  return { ...values, [source.timestamp]: event };
}

/** The times that a row need not bring: it happens, and becomes known, as it is put. */
function timeOf(column: string, values: PutRow, { timestamp, created }: StoredSourceManifest, now: Micros): unknown {
  if (values[column] === null) return null;
  return column === timestamp || column === created ? new Timestamp(now) : null;
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
