/**
 * How long Redis keeps a value: from its write, the ttl and a day. This only frees memory; whether a value has expired is
 * decided at each read, by event time. A window's state has no end: ttl does not apply to it.
 */
import type { FeatureViewManifest } from '../contracts/manifest.ts';
import { MICROS_PER_DAY, type Micros } from '../contracts/time.ts';

const MICROS_PER_MILLI = 1000;

/** Milliseconds that Redis keeps a value of the view; 0 for ever. */
export function lifeMillis(view: FeatureViewManifest): number {
  return hasLife(view) ? Math.ceil((view.ttlMicros + MICROS_PER_DAY) / MICROS_PER_MILLI) : 0;
}

/** Whether a value that was alive at `at` may be gone from Redis by `now`. */
export function mayHaveLapsed(view: FeatureViewManifest, at: Micros, now: Micros): boolean {
  return hasLife(view) && at < now - BigInt(MICROS_PER_DAY);
}

function hasLife(view: FeatureViewManifest): view is FeatureViewManifest & { readonly ttlMicros: number } {
  return view.mode === 'asof' && view.ttlMicros !== null;
}
