import { allHandlersFinished, CancelledFailure, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { IntervalsWritten } from '../activities/backfill-activities.ts';
import type { BackfillPlanned } from '../activities/backfill-layout.ts';
import type { BackfillPlanActivities, IntervalPage } from '../activities/backfill-plan-activities.ts';
import { MAX_NAMED_FAILURES } from '../contracts/run-messages.ts';
import type { BackfillInput, BackfillResult, RunProgress } from '../contracts/runs.ts';
import { shortActivities } from './activity-options.ts';
import { cutBatches, writeBatches } from './backfill-batches.ts';
import { cascadeBackfill, type Cascaded } from './backfill-cascade.ts';
import { openBackfillControl, type BackfillControl } from './backfill-control.ts';
import { recordRun, type RunOutcome } from './recorded-run.ts';
import type { RunFailure } from './run-failure.ts';
import { requireInput } from './run-input.ts';
import { openPace, type PaceState } from './run-pace.ts';
import { openProgressBoard } from './run-progress.ts';

const DEFAULT_PARALLEL = 2;
const BATCHES_PER_PAGE = 50;
const LONGEST_BATCH = 24;
/** Named failures travel from execution to execution: short enough that all of them fit a payload. */
const MESSAGE_LIMIT = 400;
/** A page adds some 300 events: with this an execution stays far below 2,000. */
const MOST_EVENTS = 1000;

/** What one execution hands to the next: a cursor and counts, never a list that grows with the work. */
interface BackfillState {
  readonly plan: BackfillPlanned;
  readonly cursor: string;
  readonly counts: BackfillCounts;
  readonly control: BackfillControl;
  readonly progress: RunProgress;
  /** Absent in what an older version carried on. */
  readonly pace?: PaceState;
}

interface BackfillCounts {
  done: number;
  reused: number;
  /** Absent in what an older version carried on. */
  late?: number;
  rows: number;
  failed: number;
  named: BackfillResult['failed'];
}

/**
 * Precomputes the view table of one view over a range. The interval ledger says what is missing, so a second backfill of
 * the same range does only what the first did not; `restate` takes the range out of it first. Failed intervals are collected
 * and the rest goes on. `carried` is the state of the execution before, and not for callers.
 */
export async function backfill(input: BackfillInput, carried?: BackfillState): Promise<BackfillResult> {
  const request = requireInput('backfill', input);
  const { project, view, newestFirst = false } = request;
  const board = openProgressBoard(
    `backfill ${view}`,
    carried?.progress ?? { step: 'plan', done: 0, total: 0, unit: 'intervals', rows: 0, failed: 0 },
  );
  const pace = openPace(carried?.pace);
  const control = openBackfillControl(
    carried?.control ?? { paused: false, stopping: false, parallel: request.parallel ?? DEFAULT_PARALLEL },
    (now) => {
      pace.setWorking(!now.paused);
      board.show({ step: stepOf(now) });
    },
  );
  const subject = { project, workflow: 'backfill', target: view, view } as const;

  const work = async (runId: string): Promise<RunOutcome<BackfillResult>> => {
    const plan =
      carried?.plan ??
      (await shortActivities<BackfillPlanActivities>(`lay out ${view}`).planBackfill({ ...request, runId }));
    const counts = carried?.counts ?? { done: 0, reused: 0, late: 0, rows: 0, failed: 0, named: [] };
    const job = { project, view, definitions: plan.definitions, runId };
    const batch = Math.min(LONGEST_BATCH, Math.ceil(plan.intervals / (BATCHES_PER_PAGE * 2)) || 1);
    board.show({ step: stepOf(control), total: plan.intervals });
    pace.setWorking(!control.paused);
    const showRemaining = (): void => {
      const { done, total } = board.current();
      const remainingSeconds = pace.remainingSeconds(total - done - counts.failed);
      if (remainingSeconds !== null) board.show({ remainingSeconds });
    };

    let cursor: string | null = carried?.cursor ?? (newestFirst ? plan.to : plan.from);
    while (cursor !== null) {
      const { historyLength, continueAsNewSuggested } = workflowInfo();
      if (historyLength > MOST_EVENTS || continueAsNewSuggested) {
        await condition(allHandlersFinished);
        const progress = board.current();
        const state = { plan, cursor, counts, control, progress, pace: pace.state() };
        await continueAsNew<typeof backfill>(request, state);
      }
      const listing = shortActivities<BackfillPlanActivities>(
        `intervals ${newestFirst ? 'before' : 'from'} ${cursor.slice(0, 16)}`,
      );
      const page: IntervalPage = await listing.listIntervals({
        project,
        view,
        fingerprint: plan.fingerprint,
        chunkMicros: plan.chunkMicros,
        from: newestFirst ? plan.from : cursor,
        to: newestFirst ? cursor : plan.to,
        limit: BATCHES_PER_PAGE * batch,
        newestFirst,
      });
      const late = page.late ?? 0;
      counts.reused += page.reused;
      counts.late = (counts.late ?? 0) + late;
      // what the ledger leaves, wherever on the way it is done already, and by whomever
      if (page.left === undefined) board.add({ done: page.reused + late });
      else board.show({ done: plan.intervals - page.left - counts.failed });
      showRemaining();
      await writeBatches(cutBatches(page.intervals, batch), job, control, (written) => {
        addUp(counts, written);
        pace.count(written.done + written.failed.length);
        board.add({ done: written.done, rows: written.rows, failed: written.failed.length });
        showRemaining();
      });
      if (control.stopping) throw new CancelledFailure('told to stop');
      cursor = page.next;
    }
    if (plan.cascade) board.show({ step: 'materialize', remainingSeconds: 0 });
    const cascaded = plan.cascade && (await cascadeBackfill(project, view, plan.cascade));
    board.show({ step: 'done', remainingSeconds: 0 });
    return describeOutcome(plan, counts, cascaded);
  };
  return recordRun(subject, work, { resumed: carried !== undefined });
}

function stepOf({ paused, stopping }: Readonly<BackfillControl>): string {
  if (stopping) return 'stopping';
  return paused ? 'paused' : 'write';
}

function addUp(counts: BackfillCounts, written: IntervalsWritten): void {
  counts.done += written.done;
  counts.rows += written.rows;
  counts.failed += written.failed.length;
  const failed = written.failed.map((failure) => ({ ...failure, message: failure.message.slice(0, MESSAGE_LIMIT) }));
  counts.named = [...counts.named, ...failed].slice(0, MAX_NAMED_FAILURES);
}

function describeOutcome(
  plan: BackfillPlanned,
  counts: BackfillCounts,
  cascaded?: Cascaded,
): RunOutcome<BackfillResult> {
  const { view, fingerprint, intervals, source, cascade } = plan;
  const { done, reused, late = 0, rows, failed, named } = counts;
  const first = named[0];
  return {
    result: {
      ...{ view, fingerprint, intervals, done, reused, late, failed: named, rows },
      ...(cascade && { cascade: { online: cascaded?.online ?? [], derived: cascade.derived } }),
    },
    inputs: [`source:${source}`],
    outputs: [`view:${view}`],
    ...(!first && cascaded?.failure && { problem: problemOnline(cascaded.failure) }),
    ...(first && {
      problem: {
        code: first.code,
        message: `${failed} of ${intervals} intervals failed; the first, from ${first.from}: ${first.message}`,
      },
    }),
  };
}

function problemOnline({ code, message }: RunFailure): NonNullable<RunOutcome<object>['problem']> {
  return { code, message: `every interval is done, but not the materialization afterwards: ${message}` };
}
