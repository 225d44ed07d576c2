/**
 * The answer of `POST /get-online-features`, as Feast's remote client reads it. That client tells the type of a value from its
 * JSON alone: a float64 always has a point or an exponent, and an int64 has every digit. A timestamp is whole seconds since
 * the epoch: Feast's type has no more.
 */
import { AsofError } from '../contracts/errors.ts';
import { floorToGrid, formatInstant, MICROS_PER_SECOND, type Micros } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import {
  elementType,
  type FeatureStatus,
  type FeatureValue,
  type ScalarValue,
  type StoredType,
} from '../contracts/values.ts';
import type { OnlineCell } from '../online/online-cell.ts';
import type { OnlineVectors } from '../online/online-reads.ts';

/** Feast's words. Where a default stands in there was no value, and Feast knows no defaults. */
const STATUSES: Readonly<Record<FeatureStatus, string>> = {
  PRESENT: 'PRESENT',
  DEFAULT: 'NOT_FOUND',
  NULL: 'NULL_VALUE',
  MISSING: 'NOT_FOUND',
  EXPIRED: 'OUTSIDE_MAX_AGE',
  DENIED: 'INVALID',
  UNAVAILABLE: 'INVALID',
};

/** What Feast's own server says where there is no row: its client parses the text and cannot take null. */
const NO_EVENT = '1970-01-01T00:00:00Z';

interface FeastColumn {
  readonly name: string;
  readonly type: StoredType;
  readonly cells: readonly OnlineCell[];
}

/**
 * Keys under their columns, then features: under their own names, or with `fullNames` as `view__feature`. Throws
 * `NAME_COLLISION` when two have one name.
 */
export function writeFeastDocument({ keys, features }: OnlineVectors, fullNames: boolean): string {
  const columns: readonly FeastColumn[] = [
    ...keys.map(({ key, cells }) => ({ name: key.column, type: key.type, cells })),
    ...features.map(({ column, cells }) => ({
      name: fullNames ? column.name : column.feature.name,
      type: column.feature.valueType,
      cells,
    })),
  ];
  const names = columns.map(({ name }) => name);
  requireUnique(names);
  return `{"metadata":{"feature_names":${JSON.stringify(names)}},"results":[${columns.map(writeColumn).join(',')}]}`;
}

function requireUnique(names: readonly string[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated === undefined) return;
  const problem = `two columns have the name ${repeated}; ask with "full_feature_names": true`;
  throw new AsofError('NAME_COLLISION', { where: 'features', problem });
}

function writeColumn({ type, cells }: FeastColumn): string {
  const values = cells.map(({ status, value }) => writeValue(status === 'PRESENT' ? value : null, type)).join(',');
  const statuses = cells.map(({ status }) => `"${STATUSES[status]}"`).join(',');
  const events = cells.map(({ eventTimestamp }) => `"${writeEvent(eventTimestamp)}"`).join(',');
  return `{"values":[${values}],"statuses":[${statuses}],"event_timestamps":[${events}]}`;
}

function writeEvent(instant: Micros | null): string {
  return instant === null ? NO_EVENT : formatInstant(instant);
}

function writeValue(value: FeatureValue, type: StoredType): string {
  if (value === null) return 'null';
  const element = elementType(type);
  if (element === undefined) return writeScalar(value as ScalarValue, type);
  const items = value as readonly (ScalarValue | null)[];
  return `[${items.map((item) => (item === null ? 'null' : writeScalar(item, element))).join(',')}]`;
}

function writeScalar(value: ScalarValue, type: StoredType): string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Timestamp) return String(floorToGrid(value.epochMicroseconds, MICROS_PER_SECOND) / 1_000_000n);
  if (typeof value !== 'number') return JSON.stringify(value);
  if (!Number.isFinite(value)) return `"${value}"`;
  const text = Object.is(value, -0) ? '-0' : String(value);
  return type === 'int64' || /[.e]/.test(text) ? text : `${text}.0`;
}
