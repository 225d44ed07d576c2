/** One served value: what it is, how it came about and from where. */
import type { FeatureManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import type { FeatureStatus, FeatureValue, ServedFrom } from '../contracts/values.ts';
import { isPlainNumber } from '../definitions/normalization/feature-types.ts';
import { engineValue } from '../offline/feature-sql.ts';
import { toTypeScript } from '../offline/typescript-values.ts';

export interface OnlineCell {
  readonly value: FeatureValue;
  readonly status: FeatureStatus;
  /** Event time of the row, or of the newest row of a window's key; null when there is none. */
  readonly eventTimestamp: Micros | null;
  readonly servedFrom: ServedFrom;
}

/** A stored value: `NULL` when the row was found and holds none. A default never replaces it. */
export function presentCell(value: FeatureValue, eventTimestamp: Micros | null, servedFrom: ServedFrom): OnlineCell {
  return { value, status: value === null ? 'NULL' : 'PRESENT', eventTimestamp, servedFrom };
}

/** No row, one that is too old, or an empty window: the feature's default when it has one. */
export function absentCell(
  feature: FeatureManifest,
  status: 'MISSING' | 'EXPIRED' | 'NULL',
  eventTimestamp: Micros | null,
  servedFrom: ServedFrom,
): OnlineCell {
  if (feature.default === null) return { value: null, status, eventTimestamp, servedFrom };
  const stored = engineValue(feature.default, feature.valueType);
  const value = toTypeScript(stored, feature.valueType, isPlainNumber(feature));
  return { value, status: 'DEFAULT', eventTimestamp, servedFrom: 'default' };
}

export const DENIED_CELL: OnlineCell = { value: null, status: 'DENIED', eventTimestamp: null, servedFrom: 'online' };

export const UNAVAILABLE_CELL: OnlineCell = {
  value: null,
  status: 'UNAVAILABLE',
  eventTimestamp: null,
  servedFrom: 'online',
};
