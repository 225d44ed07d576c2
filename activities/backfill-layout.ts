/** How the range of a backfill is cut, and whether its view takes one. Pure. */
import { AsofError } from '../contracts/errors.ts';
import type { TimeRange } from '../contracts/lake.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { BackfillCascade, BackfillInput } from '../contracts/runs.ts';
import { floorToGrid, formatInstant, MICROS_PER_DAY, parseDuration, requireInstant } from '../contracts/time.ts';
import { findDependants } from '../definitions/comparison/dependants.ts';
import { requireFeatureView } from './applied-view.ts';

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
  /** Of a backfill that is asked to cascade. */
  readonly cascade?: BackfillCascade;
}

/** Throws `UNKNOWN_NAME`, or `INVALID_VALUE` for a view that has no table of its own. */
export function layOutBackfill(
  manifest: Manifest,
  {
    view: name,
    from,
    to,
    chunk = '1d',
    cascade = false,
  }: Pick<BackfillInput, 'view' | 'from' | 'to' | 'chunk' | 'cascade'>,
): BackfillPlanned {
  const view = requireFeatureView(manifest, name);
  if (!view.offline) {
    throw new AsofError('INVALID_VALUE', { where: `view ${name}`, problem: 'is declared with offline: false' });
  }
  if (view.rows?.kind === 'query') {
    const problem = 'its sql reads the whole source at once, so no interval can be precomputed; reads need no backfill';
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
    ...(cascade && { cascade: { online: view.online, derived: derivedFrom(manifest, name) } }),
  };
}

/** By name, through any number of other derived views: nothing else reads a view. */
function derivedFrom(manifest: Manifest, view: string): readonly string[] {
  const readers = findDependants(`view ${view}`, [manifest]);
  return readers.filter((label) => label.startsWith('view ')).map((label) => label.slice('view '.length));
}

export function cellsOf({ from, to }: TimeRange, chunkMicros: number): number {
  return Number((to - from) / BigInt(chunkMicros));
}

/** Both ends moved outwards to the grid, so that an interval is always a whole cell. */
function widen({ from, to }: TimeRange, chunkMicros: number): TimeRange {
  return { from: floorToGrid(from, chunkMicros), to: floorToGrid(to + BigInt(chunkMicros) - 1n, chunkMicros) };
}
