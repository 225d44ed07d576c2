import { intervalStates } from '../catalog/interval-states.ts';
import { foldLedger, missingIntervals, type FoldedLedger } from '../catalog/ledger.ts';
import type { TimeRange } from '../contracts/lake.ts';
import type { BackfillInput } from '../contracts/runs.ts';
import { formatInstant, requireInstant } from '../contracts/time.ts';
import { cellsOf, layOutBackfill, type BackfillPlanned } from './backfill-layout.ts';
import type { ActivityDependencies } from './dependencies.ts';

export interface Interval {
  readonly from: string;
  readonly to: string;
}

export interface IntervalPageInput {
  readonly project: string;
  readonly view: string;
  readonly fingerprint: string;
  readonly chunkMicros: number;
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  /** From the end of the range towards its beginning. @default false */
  readonly newestFirst?: boolean | undefined;
}

export interface IntervalPage {
  /** In the order in which they are to be worked. */
  readonly intervals: readonly Interval[];
  /** Done before and passed over on this page. */
  readonly reused: number;
  /** Passed over on this page because only a restatement redoes them. Absent from older workers, which know of none. */
  readonly late?: number;
  /** What the ledger leaves to do from here on, this page included. Absent from older workers. */
  readonly left?: number;
  /** Where the next page begins, or ends when it is the newest first; null after the last. */
  readonly next: string | null;
}

/** What a backfill has to do, by the interval ledger. Short: on the serving queue. */
export interface BackfillPlanActivities {
  /**
   * Lays out the range. A restatement takes it out of the ledger, once for each run: readers turn to the source, and what
   * the run does not redo stays missing for the next one. Throws what `layOutBackfill` throws.
   */
  planBackfill(input: BackfillInput & { readonly runId: string }): Promise<BackfillPlanned>;
  listIntervals(input: IntervalPageInput): Promise<IntervalPage>;
}

export function createBackfillPlanActivities({ catalog, definitions }: ActivityDependencies): BackfillPlanActivities {
  return {
    async planBackfill({ project, restate = false, runId, ...input }) {
      const { manifest } = await definitions.current(project);
      const plan = layOutBackfill(manifest, input);
      if (restate) {
        await catalog.intervals.append([
          {
            ...{ project, view: plan.view, fingerprint: plan.fingerprint, store: 'offline', operation: 'removed' },
            range: rangeOf(plan),
            idempotencyKey: `restate/${runId}/${plan.view}`,
            runId,
            inputSnapshot: null,
            rowsIn: 0,
            rowsOut: 0,
          },
        ]);
      }
      return plan;
    },

    async listIntervals({ project, view, fingerprint, chunkMicros, limit, newestFirst = false, ...bounds }) {
      const range = rangeOf(bounds);
      const entries = await catalog.intervals.entries({ project, view, fingerprint, store: 'offline' });
      const folded = foldLedger(entries);
      const missing = missingIntervals({ range, chunkMicros, folded });
      const ordered = newestFirst ? missing.toReversed() : missing;
      const page = ordered.slice(0, limit);
      const following = ordered[limit];
      const next = newestFirst ? following?.to : following?.from;
      const passed = newestFirst
        ? { from: next ?? range.from, to: range.to }
        : { from: range.from, to: next ?? range.to };
      const late = countLate(passed, chunkMicros, folded);
      return {
        intervals: page.map((cell) => ({ from: formatInstant(cell.from), to: formatInstant(cell.to) })),
        reused: cellsOf(passed, chunkMicros) - page.length - late,
        late,
        left: missing.length,
        next: next === undefined ? null : formatInstant(next),
      };
    },
  };
}

function countLate(range: TimeRange, chunkMicros: number, folded: FoldedLedger): number {
  if (folded.late.length === 0) return 0;
  const states = intervalStates({ range, chunkMicros, folded, failed: new Set() });
  return states.reduce((sum, { state, intervals }) => (state === 'late' ? sum + intervals : sum), 0);
}

function rangeOf({ from, to }: Interval): TimeRange {
  return { from: requireInstant(from, 'from'), to: requireInstant(to, 'to') };
}
