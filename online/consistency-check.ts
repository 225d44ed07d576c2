/**
 * Computes served vectors again at the instants that they were served for, and tells what is not the same. What is not equal to
 * what the lake gives now is computed among the rows that had arrived when it was served: those that came later are no fault.
 */
import type { Catalog } from '../catalog/catalog.ts';
import type { ConsistencyExample, ConsistencyReport, LoggedSample, ServedRows } from '../contracts/consistency.ts';
import { AsofError } from '../contracts/errors.ts';
import { clockNow, formatInstant, type Micros } from '../contracts/time.ts';
import type { OnlineCell } from './online-cell.ts';
import { gatherReads } from './gathering-reader.ts';
import type { LakeReader } from './lake-reader.ts';
import { haveLanded, recompute, type PlannedSample, type RecomputeDependencies } from './recomputation.ts';
import { openSamplePlans, type PlanDependencies } from './sample-plans.ts';
import { quickVerdict, verdictOf } from './sample-verdicts.ts';
import { readSampledCell } from './served-sample.ts';
import { cellText } from './value-comparison.ts';
import { VerdictTally } from './verdict-tally.ts';

export interface CheckDependencies extends PlanDependencies {
  readonly catalog: PlanDependencies['catalog'] & Pick<Catalog, 'consistency' | 'tables'>;
  readonly lake: LakeReader;
}

export interface CheckRange {
  /** Vectors that were served from here on, until now. */
  readonly since: Micros;
  readonly signal?: AbortSignal;
  readonly onVectors?: (done: number, total: number) => void;
}

/** Vectors of one check; the newest go first. */
const MOST_VECTORS = 10_000;
const VECTORS_AT_ONCE = 500;

/** Throws what the historical engine throws. */
export async function checkConsistency(
  { project, catalog, lake, runtimeOf }: CheckDependencies,
  { since, signal, onVectors }: CheckRange,
): Promise<ConsistencyReport> {
  const until = clockNow();
  const logged = await catalog.consistency.samples(project, { since, until, limit: MOST_VECTORS });
  const planOf = await openSamplePlans({ project, catalog, runtimeOf });
  const dependencies = { project, lake: gatherReads(lake), tables: catalog.tables };
  const tally = new VerdictTally();
  const counts = { vectors: 0, waiting: 0, unreadable: 0 };
  for (let start = 0; start < logged.length; start += VECTORS_AT_ONCE) {
    signal?.throwIfAborted();
    onVectors?.(start, logged.length);
    await Promise.all(
      logged.slice(start, start + VECTORS_AT_ONCE).map(async (one) => {
        const planned = await planOf(one.sample);
        if (planned === undefined) counts.unreadable += 1;
        else if (!(await isInLake(dependencies, planned))) counts.waiting += 1;
        else {
          await checkVector(dependencies, one, planned, tally);
          counts.vectors += 1;
        }
      }),
    );
  }
  return {
    checkedAt: formatInstant(clockNow()),
    ...{ since: formatInstant(since), until: formatInstant(until), ...counts },
    features: tally.features(),
    examples: tally.examples(),
  };
}

/** A stream is ahead of the lake by what has not landed yet. */
async function isInLake(dependencies: RecomputeDependencies, { sample, plan }: PlannedSample): Promise<boolean> {
  const landed = await Promise.all(
    plan.views.map(async (view) => {
      const bounds = sample.bounds[view.view.name];
      return bounds === undefined || haveLanded(dependencies, view, bounds.high);
    }),
  );
  return landed.every(Boolean);
}

async function checkVector(
  dependencies: RecomputeDependencies,
  logged: LoggedSample,
  planned: PlannedSample,
  tally: VerdictTally,
): Promise<void> {
  const { sample, plan } = planned;
  const { columns } = plan;
  const now = await recompute(dependencies, planned, () => null);
  const served = columns.map((column, index) => readSampledCell(sample.values[index]!, column));
  const isPlain = columns.every((_, index) => quickVerdict(served[index]!, now[index]!) !== undefined);
  const ends = isPlain ? NO_ENDS : await recomputeEnds(dependencies, planned);
  const owners = new Map<string, string>([...plan.views, ...plan.derived].map(({ as, view }) => [as, view.name]));
  columns.forEach(({ as, feature }, index) => {
    const cell = served[index]!;
    const view = owners.get(as)!;
    const { endsAt, isOpen } = reach(planned, as, cell);
    const known = endsAt.flatMap((end) => (ends[end] === undefined ? [] : [ends[end][index]!]));
    const verdict = verdictOf(cell, { now: now[index]!, ends: known, isOpen: isOpen || known.length < endsAt.length });
    tally.count({ view, feature: feature.name }, verdict, () => exampleOf(logged, cell, now[index]!));
  });
}

interface Ends {
  readonly low: readonly OnlineCell[] | undefined;
  readonly high: readonly OnlineCell[] | undefined;
  readonly lake: readonly OnlineCell[] | undefined;
}

const NO_ENDS: Ends = { low: undefined, high: undefined, lake: undefined };

/** Each end of the bounds of all views together; undefined where a snapshot has expired. */
async function recomputeEnds(dependencies: RecomputeDependencies, planned: PlannedSample): Promise<Ends> {
  const { bounds } = planned.sample;
  const at = async (end: keyof Ends): Promise<Ends[keyof Ends]> => {
    const rows = new Map<string, ServedRows>(
      Object.entries(bounds).map(([view, held]) => [view, held[end] ?? held.lake]),
    );
    try {
      return await recompute(dependencies, planned, (view) => rows.get(view) ?? null);
    } catch (error) {
      if (error instanceof AsofError && error.code === 'SNAPSHOT_EXPIRED') return undefined;
      throw error;
    }
  };
  const [low, high, lake] = await Promise.all([at('low'), at('high'), at('lake')]);
  return { low, high, lake };
}

/** Where the lake may have had a part in a value its newest rows are an end too, and a held state may be older than any end. */
function reach(
  { plan, sample }: PlannedSample,
  as: string,
  { servedFrom }: OnlineCell,
): { readonly endsAt: readonly (keyof Ends)[]; readonly isOpen: boolean } {
  const own = plan.views.find((view) => view.as === as);
  const views = (own ? [own] : plan.views).map(({ view }) => view);
  const isUnknown = views.some(({ name }) => (sample.bounds[name]?.low ?? null) === null);
  const isHeld = views.some(({ options }) => options.cacheMicros !== null);
  if (own !== undefined && servedFrom === 'online') return { endsAt: ['low', 'high'], isOpen: isUnknown || isHeld };
  // a default does not tell where it was found missing, nor a derived value where its inputs are from
  const isFromLake = own !== undefined && servedFrom === 'lake';
  return { endsAt: ['low', 'high', 'lake'], isOpen: isUnknown || (isHeld && !isFromLake) };
}

function exampleOf(
  { id, sample }: LoggedSample,
  served: OnlineCell,
  lake: OnlineCell,
): Omit<ConsistencyExample, 'view' | 'feature'> {
  return {
    ...{ sample: id.toString(), at: sample.at, servedFrom: served.servedFrom },
    ...{ served: cellText(served), lake: cellText(lake) },
  };
}
