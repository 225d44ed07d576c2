/** What new or removed rows mean for work that was done before them. */
import type { IntervalLedger, LedgerAppend, LedgerKey } from '../catalog/catalog.ts';
import { unionRanges } from '../catalog/ranges.ts';
import { dayRange, type DayCount } from './day-counts.ts';
import type { PlannedSourceView } from './ingestion-plan.ts';

/**
 * `dirty` entries for the event days that a commit touches, for every version of the views that has a ledger. Days that
 * are not done get one too, current versions first of all: a backfill at work on such a day has read the snapshot
 * before, and the entry is what keeps its `done` from hiding the new rows.
 */
export async function dirtyIntervals(
  intervals: IntervalLedger,
  request: {
    readonly project: string;
    readonly views: readonly PlannedSourceView[];
    readonly days: readonly DayCount[];
    readonly runId: string;
    readonly idempotencyKey: string;
  },
): Promise<readonly LedgerAppend[]> {
  const { project, views, runId, idempotencyKey } = request;
  const touched = unionRanges(request.days.map(({ day }) => dayRange(day)));
  if (touched.length === 0 || views.length === 0) return [];
  const names = new Set(views.map(({ name }) => name));
  const known = (await intervals.keys(project)).filter(({ view }) => names.has(view));
  const current = views
    .filter(({ offline }) => offline)
    .map(({ name, fingerprint }): LedgerKey => ({ project, view: name, fingerprint, store: 'offline' }));
  const keys = new Map([...known, ...current].map((key) => [`${key.view} ${key.fingerprint} ${key.store}`, key]));
  return [...keys.values()].flatMap((key) =>
    touched.map((range) => ({
      ...key,
      range,
      operation: 'dirty' as const,
      idempotencyKey,
      runId,
      inputSnapshot: null, // the snapshot that this commit makes
      rowsIn: 0,
      rowsOut: 0,
    })),
  );
}
