/** Fingerprints: SHA-256 of canonical JSON. The same meaning gives the same text on every machine. */
import { createHash } from 'node:crypto';

/** JSON with the keys of every object in order and without undefined values. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => `${JSON.stringify(key)}:${canonicalJson(one)}`);
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Hex SHA-256 of a value's canonical JSON. */
export function fingerprintOf(value: unknown): string {
  return sha256(canonicalJson(value));
}

/** Hex SHA-256 of a text in UTF-8. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
