/** The columns of a Feast client as rows of a source: its times, and the features of a view, have names of their own there. */
import { AsofError } from '../contracts/errors.ts';
import { parseInstant } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import { storedType } from '../contracts/values.ts';
import type { PushTarget } from '../library/push-target.ts';
import type { PutRow } from '../library/store.ts';

export type FeastColumns = Readonly<Record<string, readonly unknown[]>>;

/** What Feast calls the times of a row. */
const EVENT = 'event_timestamp';
const CREATED = 'created';

/**
 * The rows, under the names of the source. With `ofView` the columns are keys and features of the target's view. Throws
 * `INVALID_VALUE` for columns of several lengths, and for two that are one column of the source and differ.
 */
export function feastRows(df: FeastColumns, target: PushTarget, ofView: boolean): readonly PutRow[] {
  const names = columnNames(target, ofView);
  const types = new Map(target.source.columns.map(({ name, type }) => [name, storedType(type)]));
  const count = Math.max(0, ...Object.values(df).map(({ length }) => length));
  const refuse = (problem: string): never => {
    throw new AsofError('INVALID_VALUE', { where: target.where, problem });
  };
  const columns = new Map<string, readonly unknown[]>();
  for (const [given, values] of Object.entries(df)) {
    if (values.length !== count) refuse(`column "${given}" has ${values.length} values, and another one ${count}`);
    const name = names.has(given) ? (names.get(given) ?? null) : given;
    if (name === null) continue;
    const read = types.get(name) === 'timestamp' ? values.map(readInstant) : values;
    const other = columns.get(name);
    if (other?.some((value, row) => String(value) !== String(read[row]))) {
      refuse(`two columns with other values are column "${name}" of source ${target.source.name}, "${given}" is one`);
    }
    columns.set(name, read);
  }
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries([...columns].map(([name, values]) => [name, values[row]])),
  );
}

/** From the client's name of a column to the source's; null for one that the source does not have. */
function columnNames({ view, source }: PushTarget, ofView: boolean): ReadonlyMap<string, string | null> {
  const own = new Set(source.columns.map(({ name }) => name));
  const times: readonly (readonly [string, string | null])[] = [
    [EVENT, source.timestamp],
    [CREATED, source.created],
  ];
  const ofFeatures =
    view === null || !ofView
      ? []
      : [
          ...view.features.map(({ name, column }) => [name, column] as const),
          ...view.keys.map(({ name, column }) => [name, column] as const),
        ];
  return new Map([...times.filter(([name]) => !own.has(name)), ...ofFeatures]);
}

/** Feast's timestamps are seconds since the epoch, or text that is UTC without a zone. */
function readInstant(value: unknown): unknown {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
    return new Timestamp(BigInt(value as bigint | number) * 1_000_000n);
  }
  const instant = typeof value === 'string' ? parseInstant(value) : undefined;
  return instant === undefined ? value : new Timestamp(instant);
}
