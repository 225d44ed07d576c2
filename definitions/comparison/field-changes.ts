import { formatDuration } from '../../contracts/time.ts';
import { canonicalJson } from '../fingerprint.ts';
import { isRecord } from '../normalization/option-reader.ts';

/** One field that differs; null where it is absent. */
export interface FieldChange {
  /** Such as `features.delay_mean_1d.window.micros`. */
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Identity and consequence of a definition, not part of what somebody wrote. */
const DERIVED_FIELDS = new Set(['kind', 'name', 'fingerprint']);

/** The fields that differ between two versions of a definition. Lists of named things are compared by name. */
export function compareFields(before: object, after: object): readonly FieldChange[] {
  return compare('', before, after).filter(({ field }) => !DERIVED_FIELDS.has(field));
}

/** `features.delay_mean_1d.window: 1h -> 1d` */
export function describeFieldChange({ field, before, after }: FieldChange): string {
  const [path, show] =
    field.endsWith('Micros') || field.endsWith('.micros') ? [withoutUnit(field), showMicros] : [field, showValue];
  return `${path}: ${show(before)} -> ${show(after)}`;
}

function compare(field: string, before: unknown, after: unknown): readonly FieldChange[] {
  if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return [];
  const [left, right] = [asRecord(before), asRecord(after)];
  if (left === undefined || right === undefined) return [{ field, before: before ?? null, after: after ?? null }];
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  const inner = names.flatMap((name) => compare(field === '' ? name : `${field}.${name}`, left[name], right[name]));
  const shared = names.filter((name) => name in left && name in right);
  const orderChanged =
    Array.isArray(before) && canonicalJson(shared) !== canonicalJson(Object.keys(right).filter((name) => name in left));
  return orderChanged
    ? [...inner, { field: `${field} (order)`, before: Object.keys(left), after: Object.keys(right) }]
    : inner;
}

/** Records as they are, lists of named items by name; undefined for everything else. */
function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (isRecord(value)) return value;
  if (!Array.isArray(value)) return undefined;
  const items = value as readonly unknown[];
  const names = items.map((item) => (isRecord(item) ? (item.as ?? item.name) : undefined));
  if (names.some((name) => typeof name !== 'string') || new Set(names).size < names.length) return undefined;
  return Object.fromEntries(items.map((item, index) => [names[index] as string, item]));
}

function withoutUnit(field: string): string {
  return field.replace(/\.micros$/, '').replace(/Micros$/, '');
}

function showMicros(value: unknown): string {
  return typeof value === 'number' && value > 0 ? formatDuration(value) : showValue(value);
}

function showValue(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
