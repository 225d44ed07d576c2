import { foldLedger, missingIntervals } from '../catalog/ledger.ts';
import { AsofError } from '../contracts/errors.ts';
import type { TimeRange } from '../contracts/lake.ts';
import type { BackfillInput } from '../contracts/runs.ts';
import { floorToGrid, formatInstant, MICROS_PER_DAY, parseDuration, requireInstant } from '../contracts/time.ts';
import { requireFeatureView } from './applied-view.ts';
import type { ActivityDependencies } from './dependencies.ts';

export interface BackfillPlanned {
  readonly view: string;
  readonly fingerprint: string;
  /** Fingerprint of the definitions that the whole run uses. */
  readonly definitions: string;
  readonly source: string;
  /** Cells of the grid of `chunk` that the range covers. */
  readonly intervals: number;
  /** The range, widened to the grid. */
  readonly from: string;
  readonly to: string;
  readonly chunkMicros: number;
}

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
  /** Lists intervals that are done, too. */
  readonly restate: boolean;
  readonly limit: number;
}

export interface IntervalPage {
  readonly intervals: readonly Interval[];
  /** Done before and passed over between `from` and `next`. */
  readonly reused: number;
  /** Where the next page begins; null after the last. */
  readonly next: string | null;
}

/** What a backfill has to do, by the interval ledger. Short: on the serving queue. */
export interface BackfillPlanActivities {
  /** Throws `UNKNOWN_NAME`, or `INVALID_VALUE` for a view that has no table of its own. */
  planBackfill(input: BackfillInput): Promise<BackfillPlanned>;
  listIntervals(input: IntervalPageInput): Promise<IntervalPage>;
}

export function createBackfillPlanActivities({ catalog, definitions }: ActivityDependencies): BackfillPlanActivities {
  return {
    async planBackfill({ project, view: name, from, to, chunk = '1d' }) {
      const { manifest } = await definitions.current(project);
      const view = requireFeatureView(manifest, name);
      if (!view.offline) {
        throw new AsofError('INVALID_VALUE', { where: `view ${name}`, problem: 'is declared with offline: false' });
      }
      if (view.rows?.kind === 'query') {
        const problem =
          'its sql reads the whole source at once, so no interval can be precomputed; reads need no backfill';
        throw new AsofError('INVALID_VALUE', { where: `view ${name}`, problem });
      }
      const chunkMicros = parseDuration(chunk) ?? MICROS_PER_DAY;
      const range = widen({ from: requireInstant(from, 'from'), to: requireInstant(to, 'to') }, chunkMicros);
      return {
        view: name,
        fingerprint: view.fingerprint,
        definitions: manifest.fingerprint,
        source: view.source,
        intervals: cellsOf(range, chunkMicros),
        from: formatInstant(range.from),
        to: formatInstant(range.to),
        chunkMicros,
      };
    },

    async listIntervals({ project, view, fingerprint, chunkMicros, restate, limit, ...bounds }) {
      const range = { from: requireInstant(bounds.from, 'from'), to: requireInstant(bounds.to, 'to') };
      const entries = restate ? [] : await catalog.intervals.entries({ project, view, fingerprint, store: 'offline' });
      const missing = missingIntervals({ range, chunkMicros, folded: foldLedger(entries) });
      const page = missing.slice(0, limit);
      const next = missing[limit]?.from;
      return {
        intervals: page.map((cell) => ({ from: formatInstant(cell.from), to: formatInstant(cell.to) })),
        reused: cellsOf({ from: range.from, to: next ?? range.to }, chunkMicros) - page.length,
        next: next === undefined ? null : formatInstant(next),
      };
    },
  };
}

/** Both ends moved outwards to the grid, so that an interval is always a whole cell. */
function widen({ from, to }: TimeRange, chunkMicros: number): TimeRange {
  return { from: floorToGrid(from, chunkMicros), to: floorToGrid(to + BigInt(chunkMicros) - 1n, chunkMicros) };
}

function cellsOf({ from, to }: TimeRange, chunkMicros: number): number {
  return Number((to - from) / BigInt(chunkMicros));
}
