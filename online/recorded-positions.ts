/** The catalog's record of materializations, held for a second so that a read costs no query. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IntervalLedger, LedgerKey, OnlinePosition } from '../catalog/catalog.ts';

export interface RecordedPositions {
  /**
   * The last complete materialization of a view version; undefined when there is none, or when the catalog does not
   * answer in time and has not answered before.
   */
  of(key: Omit<LedgerKey, 'store'>): Promise<OnlinePosition | undefined>;
}

interface Entry {
  position: OnlinePosition | undefined;
  refreshedAt: number;
  /** The query under way. */
  refresh: Promise<void> | undefined;
}

const FRESH_MILLIS = 1000;
const FIRST_WAIT_MILLIS = 250;

export function createRecordedPositions(intervals: Pick<IntervalLedger, 'onlinePosition'>): RecordedPositions {
  const entries = new Map<string, Entry>();
  return {
    async of(key) {
      // none of them holds a space
      const name = `${key.project} ${key.view} ${key.fingerprint}`;
      const entry = entries.get(name) ?? { position: undefined, refreshedAt: -Infinity, refresh: undefined };
      entries.set(name, entry);
      if (performance.now() - entry.refreshedAt < FRESH_MILLIS) return entry.position;
      entry.refresh ??= intervals
        .onlinePosition({ ...key, store: 'online' })
        .then((position) => {
          entry.position = position;
          entry.refreshedAt = performance.now();
        })
        // a catalog that is away does not stop reads: what it said last stands
        .catch(() => undefined)
        .finally(() => {
          entry.refresh = undefined;
        });
      if (entry.refreshedAt === -Infinity)
        await Promise.race([entry.refresh, sleep(FIRST_WAIT_MILLIS, undefined, { ref: false })]);
      return entry.position;
    },
  };
}
