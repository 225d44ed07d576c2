/** What a backfill would do, by the same layout and ledger that it goes by. */
import type { Catalog, RunRecord } from '../catalog/catalog.ts';
import { intervalStates, type IntervalState, type StatedIntervals } from '../catalog/interval-states.ts';
import { foldLedger } from '../catalog/ledger.ts';
import { describeRestatement, type NeededRestatement } from '../catalog/restatements.ts';
import { intersectRanges, unionRanges } from '../catalog/ranges.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { BackfillCascade, BackfillInput, BackfillResult } from '../contracts/runs.ts';
import { formatInstant, parseInstant, requireInstant, type Micros } from '../contracts/time.ts';
import { layOutBackfill, type BackfillPlanned } from '../activities/backfill-layout.ts';
import { drawTable, formatCount, plural } from './table.ts';

export interface BackfillOutlook {
  readonly plan: BackfillPlanned;
  /** In order of time. */
  readonly states: readonly StatedIntervals[];
  /** Intervals that the backfill would work. */
  readonly work: number;
  /** Ranges that it would leave alone, and that only a restatement redoes. */
  readonly restatements: readonly NeededRestatement[];
}

/** Changes nothing. `latest` is the view's latest backfill. Throws what `layOutBackfill` throws. */
export async function foreseeBackfill(
  catalog: Catalog,
  manifest: Manifest,
  input: BackfillInput,
  latest: RunRecord | undefined,
): Promise<BackfillOutlook> {
  const plan = layOutBackfill(manifest, input);
  const { view, fingerprint, chunkMicros } = plan;
  const entries = await catalog.intervals.entries({ project: input.project, view, fingerprint, store: 'offline' });
  const { done, dirty, late } = foldLedger(entries);
  const everDone = unionRanges(entries.filter(({ operation }) => operation === 'done').map(({ range }) => range));
  const states = intervalStates({
    range: { from: requireInstant(plan.from, 'from'), to: requireInstant(plan.to, 'to') },
    chunkMicros,
    // what no backfill has done is missing, whatever was ingested for it
    folded: { done, dirty: intersectRanges(dirty, everDone), late },
    failed: failedIn(latest),
  });
  return {
    plan,
    states,
    work: input.restate ? plan.intervals : plan.intervals - count(states, 'done') - count(states, 'late'),
    restatements: input.restate
      ? []
      : states.filter(({ state }) => state === 'late').map(({ range }) => ({ view, range })),
  };
}

export function outlookDocument({ plan, states, work, restatements }: BackfillOutlook): object {
  return {
    ...plan,
    work,
    states: states.map(({ state, range, intervals }) => ({
      state,
      from: formatInstant(range.from),
      to: formatInstant(range.to),
      intervals,
    })),
    restatements: restatements.map(describeRestatement),
  };
}

/** Ranges beyond so many are counted, not drawn. */
const MOST_DRAWN = 100;

export function drawOutlook({ plan, states, work, restatements }: BackfillOutlook): readonly string[] {
  const drawn = states
    .slice(0, MOST_DRAWN)
    .map(({ state, range, intervals }) => [
      state,
      formatInstant(range.from),
      formatInstant(range.to),
      formatCount(intervals),
    ]);
  const totals = (['done', 'dirty', 'late', 'failed', 'missing'] as const)
    .filter((state) => state !== 'late' || count(states, state) > 0)
    .map((state) => `${formatCount(count(states, state))} ${state}`);
  return [
    drawTable(['state', 'from', 'to', 'intervals'], drawn),
    ...(states.length > MOST_DRAWN ? [`and ${plural(states.length - MOST_DRAWN, 'range')} more; --json has all`] : []),
    `${plan.view}: ${plural(plan.intervals, 'interval')}: ${totals.join(', ')}. It would work ${formatCount(work)}.`,
    ...(plan.cascade ? describeCascade(plan.view, plan.cascade) : []),
    ...restatements
      .slice(0, MOST_DRAWN)
      .map((needed) => `rows came too late, needs restatement: ${describeRestatement(needed).command}`),
  ];
}

function count(states: readonly StatedIntervals[], wanted: IntervalState): number {
  return states.reduce((sum, { state, intervals }) => (state === wanted ? sum + intervals : sum), 0);
}

/** The starts of the intervals that a run says it could not do. */
function failedIn(run: RunRecord | undefined): ReadonlySet<Micros> {
  const failed = (run?.result?.['failed'] ?? []) as BackfillResult['failed'];
  return new Set(failed.flatMap(({ from }) => parseInstant(from) ?? []));
}

function describeCascade(view: string, { online, derived }: BackfillCascade): readonly string[] {
  return [
    online ? `Then it would materialize ${view}.` : `${view} is not online: nothing depends on it that holds values.`,
    ...(derived.length > 0 ? [`Computed at each read, with nothing to redo: ${derived.join(', ')}.`] : []),
  ];
}
