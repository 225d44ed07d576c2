/** Which rows of a view statistics are of. */
import type { CommittedFile } from '../../contracts/lake.ts';
import { clockNow, parseDuration, requireInstant, type Micros } from '../../contracts/time.ts';
import { AsofError } from '../../contracts/errors.ts';

/** A length and where it ends, as a person says it. */
export interface WindowRequest {
  /** A duration or `all`. @default 24h */
  readonly window?: string | undefined;
  /** ISO 8601, exclusive. */
  readonly to?: string | undefined;
}

/** Event times, half open; all before `to` without `from`. */
export interface PlacedWindow {
  readonly from?: Micros;
  readonly to: Micros;
}

const DEFAULT_WINDOW = '24h';

/**
 * Ends where it is told to. Otherwise it ends now, or, when nothing of it can have a row, with the newest row: of data that is
 * not of today the last window is the one to look at. Throws `INVALID_VALUE` and `INVALID_INSTANT`.
 */
export function placeWindow(
  { window = DEFAULT_WINDOW, to }: WindowRequest,
  files: readonly Pick<CommittedFile, 'minEvent' | 'maxEvent'>[],
  now = clockNow(),
): PlacedWindow {
  const end = to === undefined ? undefined : requireInstant(to, 'to');
  if (window === 'all') return { to: end ?? now };
  const micros = parseDuration(window);
  if (micros === undefined) {
    const problem = `"${window}" is not a duration such as 24h or 7d, nor "all"`;
    throw new AsofError('INVALID_VALUE', { where: 'window', problem });
  }
  const size = BigInt(micros);
  const placed = end ?? endOfRows(files, now, size);
  return { from: placed - size, to: placed };
}

function endOfRows(files: readonly Pick<CommittedFile, 'minEvent' | 'maxEvent'>[], now: Micros, size: bigint): Micros {
  let newest: Micros | undefined;
  for (const { minEvent, maxEvent } of files) {
    // rows later than the clock are not due
    if (minEvent === null || maxEvent === null || minEvent >= now) continue;
    if (maxEvent >= now - size) return now;
    if (newest === undefined || maxEvent > newest) newest = maxEvent;
  }
  return newest === undefined ? now : newest + 1n;
}
