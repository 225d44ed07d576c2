/** What new or removed rows mean for work that was done before them. */
import type { IntervalLedger, LedgerAppend, LedgerKey, LedgerOperation } from '../catalog/catalog.ts';
import { unionRanges } from '../catalog/ranges.ts';
import type { TimeRange } from '../contracts/lake.ts';
import type { Micros } from '../contracts/time.ts';
import type { DayCount } from './day-counts.ts';
import type { PlannedSourceView } from './ingestion-plan.ts';
import { touchedTime } from './lateness.ts';

/**
 * `dirty` entries for the event days that a commit touches, for every version of the views that has a ledger; `late` ones for
 * what rows from before `lateBefore` touch. Days that are not done get one too, current versions first of all: a backfill at work on
 * such a day has read the snapshot before, and the entry is what keeps its `done` from hiding the new rows. Online, where
 * every materialization takes all rows that came, nothing is late.
 */
export async function dirtyIntervals(
  intervals: IntervalLedger,
  request: {
    readonly project: string;
    readonly views: readonly PlannedSourceView[];
    readonly days: readonly DayCount[];
    /** @default null: nothing is late */
    readonly lateBefore?: Micros | null;
    readonly runId: string;
    readonly idempotencyKey: string;
  },
): Promise<readonly LedgerAppend[]> {
  const { project, views, days, lateBefore = null, runId, idempotencyKey } = request;
  const all = unionRanges(touchedTime(days, null).dirty);
  if (all.length === 0 || views.length === 0) return [];
  const touched = touchedTime(days, lateBefore);
  const [dirty, late] = [unionRanges(touched.dirty), unionRanges(touched.late)];
  const names = new Set(views.map(({ name }) => name));
  const known = (await intervals.keys(project)).filter(({ view }) => names.has(view));
  const current = views
    .filter(({ offline }) => offline)
    .map(({ name, fingerprint }): LedgerKey => ({ project, view: name, fingerprint, store: 'offline' }));
  const keys = new Map([...known, ...current].map((key) => [`${key.view} ${key.fingerprint} ${key.store}`, key]));
  const entriesOf = (key: LedgerKey, ranges: readonly TimeRange[], operation: LedgerOperation): LedgerAppend[] =>
    ranges.map((range) => ({
      ...key,
      range,
      operation,
      idempotencyKey,
      runId,
      inputSnapshot: null, // the snapshot that this commit makes
      rowsIn: 0,
      rowsOut: 0,
    }));
  return [...keys.values()].flatMap((key) =>
    key.store === 'online'
      ? entriesOf(key, all, 'dirty')
      : [...entriesOf(key, dirty, 'dirty'), ...entriesOf(key, late, 'late')],
  );
}
