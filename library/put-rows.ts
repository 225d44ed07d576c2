/** Rows as a program gives them, checked against the columns of their source before anything is written. */
import { AsofError } from '../contracts/errors.ts';
import type { Micros } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import type { JsonValue } from '../contracts/values.ts';
import { suggestNames } from '../definitions/closest-names.ts';
import { readColumnValue } from './column-values.ts';
import type { PushTarget } from './push-target.ts';
import type { PutRow } from './store.ts';

/** The JSON of every column of the source by its stored type; null where a row has none. */
export type CheckedRow = ReadonlyMap<string, JsonValue>;

/** May stand for the source's own name of the event time. */
const TIMESTAMP = 'timestamp';

/** Wrong rows that an error names one by one. */
const MOST_NAMED = 100;

/**
 * All rows, or none: throws `INVALID_VALUE` naming the first wrong row, counted from 1, and its column; `rows` of its details
 * has every wrong row, up to a hundred.
 */
export function checkPutRows(target: PushTarget, rows: readonly PutRow[], now: Micros): readonly CheckedRow[] {
  const check = createRowCheck(target, now);
  const wrong: { readonly row: number; readonly problem: string }[] = [];
  const checked = rows.flatMap((row, index) => {
    const found = check(row);
    if (typeof found !== 'string') return [found];
    wrong.push({ row: index + 1, problem: found });
    return [];
  });
  const [first] = wrong;
  if (first === undefined) return checked;
  throw new AsofError('INVALID_VALUE', {
    where: `${target.where}, row ${first.row}`,
    problem:
      wrong.length === 1 ? first.problem : `${first.problem}; ${wrong.length} rows are wrong, and none is written`,
    rows: wrong.slice(0, MOST_NAMED).map(({ row, problem }) => `row ${row}: ${problem}`),
  });
}

/** Gives a row its times and nulls, or says in words what is wrong with it. */
function createRowCheck({ view, source }: PushTarget, now: Micros): (row: PutRow) => CheckedRow | string {
  const columns = new Map(source.columns.map((column) => [column.name, column]));
  return (row) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'it is not an object of columns';
    const values = eventNamed(row, source, columns);
    if (typeof values === 'string') return values;
    for (const name of Object.keys(values)) {
      if (columns.has(name)) continue;
      const known = suggestNames(name, columns.keys()).join(', ');
      return `source ${source.name} has no column "${name}"; it has: ${known}`;
    }
    if (values[source.timestamp] === null) return 'the event time is null; leave it out for now';
    const missing = view?.keys.find(({ column }) => (values[column] ?? null) === null);
    if (missing !== undefined) return `key "${missing.column}" is missing`;
    const checked = new Map<string, JsonValue>();
    for (const column of columns.values()) {
      const given = values[column.name] ?? timeOf(column.name, values, source, now);
      const json = given === null ? null : readColumnValue(given, column.type, source.timezone);
      if (json === undefined) return `column "${column.name}": ${show(given)} is not a valid ${column.type}`;
      checked.set(column.name, json);
    }
    return checked;
  };
}

function eventNamed(row: PutRow, source: PushTarget['source'], columns: ReadonlyMap<string, unknown>): PutRow | string {
  if (columns.has(TIMESTAMP) || !Object.hasOwn(row, TIMESTAMP)) return row;
  const { [TIMESTAMP]: event, ...values } = row;
  if (values[source.timestamp] !== undefined) {
    return `"${TIMESTAMP}" and "${source.timestamp}" are both given; give the event time once`;
  }
  return { ...values, [source.timestamp]: event };
}

/** The times that a row need not bring: it happens, and becomes known, as it is put. */
function timeOf(column: string, values: PutRow, { timestamp, created }: PushTarget['source'], now: Micros): unknown {
  if (values[column] === null) return null;
  return column === timestamp || column === created ? new Timestamp(now) : null;
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
