/** The tiles of a view's table that may be read at a pinned snapshot, and the rows beside them. */
import { intersectRanges, unionRanges } from '../../catalog/ranges.ts';
import { isTileFile, TILE_COLUMN, type CommittedFile, type TimeRange } from '../../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../../contracts/manifest.ts';
import { literalTextList, literalTimestamp, quoteIdentifier } from '../../engine/sql.ts';
import type { EventRange } from '../event-relation.ts';
import { tiledRange, wholeTiles } from './tile-file.ts';
import { planTiles, type TilePlan } from './tile-plan.ts';

export interface UsableTiles {
  readonly plan: TilePlan;
  /** A range list of whole tiles, each wholly done and clean: every row in it is in a tile of these files. */
  readonly ranges: readonly TimeRange[];
  readonly files: readonly CommittedFile[];
  readonly rows: number;
}

/** Undefined when there are none. A tile of a dirty or incomplete interval is not among them. */
export function usableTiles(
  {
    view,
    source,
    range,
  }: { readonly view: FeatureViewManifest; readonly source: StoredSourceManifest; readonly range: EventRange },
  coverage: { readonly ranges: readonly TimeRange[]; readonly files: readonly CommittedFile[] },
): UsableTiles | undefined {
  const plan = planTiles(view, source);
  if (!plan) return undefined;
  const used = coverage.files.filter(isTileFile).flatMap((file) => {
    const tiled = tiledRange(file, plan.micros);
    if (!tiled || (range.from !== undefined && tiled.to <= range.from)) return [];
    if (range.to !== undefined && tiled.from >= range.to) return [];
    const ranges = intersectRanges([tiled], coverage.ranges).flatMap((one) => wholeTiles(one, plan.micros) ?? []);
    return ranges.length === 0 ? [] : [{ file, ranges }];
  });
  if (used.length === 0) return undefined;
  const files = used.map(({ file }) => file);
  return {
    plan,
    files,
    ranges: unionRanges(used.flatMap(({ ranges }) => ranges)),
    rows: files.reduce((total, { rows }) => total + rows, 0),
  };
}

/** A SELECT of the tiles. */
export function readTilesSql({ files, ranges }: UsableTiles, localPaths: readonly string[]): string {
  const known = new Set(files.flatMap(({ columns }) => columns.map(({ name }) => name)));
  const columns = [...known].map(quoteIdentifier).join(', ');
  const inside = ranges.map(
    ({ from, to }) => `(${TILE_COLUMN} >= ${literalTimestamp(from)} AND ${TILE_COLUMN} < ${literalTimestamp(to)})`,
  );
  return `SELECT ${columns} FROM read_parquet(${literalTextList(localPaths)}, union_by_name = true) WHERE ${inside.join(' OR ')}`;
}
