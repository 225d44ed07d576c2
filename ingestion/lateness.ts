/** Which rows come later than their source allows. */
import type { CommittedFile, TimeRange } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { clockNow, floorToGrid, MICROS_PER_HOUR, type Micros } from '../contracts/time.ts';
import { dayRange, type DayCount } from './day-counts.ts';

/**
 * Rows before this instant come too late: the watermark, which is the newest event that the source held before them, less its
 * `allowedLateness`. Null where nothing is too late: no lateness declared, or the first rows. An event later than the clock does
 * not count for more than the clock, so that one wrong year does not make everything late.
 */
export function lateBefore(
  source: Pick<StoredSourceManifest, 'allowedLatenessMicros'>,
  held: readonly Pick<CommittedFile, 'maxEvent'>[],
  now: Micros = clockNow(),
): Micros | null {
  if (source.allowedLatenessMicros === null) return null;
  const newest = held.reduce<Micros | null>(
    (most, { maxEvent }) => (maxEvent !== null && (most === null || maxEvent > most) ? maxEvent : most),
    null,
  );
  if (newest === null) return null;
  return (newest < now ? newest : now) - BigInt(source.allowedLatenessMicros);
}

export interface TouchedTime {
  /** To be redone by whatever runs next. */
  readonly dirty: readonly TimeRange[];
  /** To be redone by a restatement. */
  readonly late: readonly TimeRange[];
}

/**
 * The event times that rows touch: whole days, cut at `before`. What lies before that is cut closer, to the hours from
 * the first row of each day to its last, so that little has to be restated.
 */
export function touchedTime(days: readonly DayCount[], before: Micros | null): TouchedTime {
  const dirty: TimeRange[] = [];
  const late: TimeRange[] = [];
  for (const counted of days) {
    const { from, to } = dayRange(counted.day);
    const { first = from, last = to } = counted;
    if (before === null || first >= before) {
      dirty.push({ from: before !== null && before > from ? before : from, to });
      continue;
    }
    const end = floorToGrid(last, MICROS_PER_HOUR) + BigInt(MICROS_PER_HOUR);
    late.push({ from: floorToGrid(first, MICROS_PER_HOUR), to: earliest(earliest(end, to), before) });
    if (last >= before && before < to) dirty.push({ from: before, to });
  }
  return { dirty, late };
}

function earliest(a: Micros, b: Micros): Micros {
  return a < b ? a : b;
}
