/** Whether the tiles of a view are read for its features. */
import type { SweepPlan } from '../sweep/sweep-plan.ts';
import { fitsTiles } from './tile-plan.ts';

/** A tile is worth reading in place of so many rows: it has more columns, and cut tiles need their rows all the same. */
const ROWS_WORTH_A_TILE = 3;

export interface TileEstimate {
  /** Rows that would be read otherwise, and the tiles that stand for them. */
  readonly rows: number;
  readonly tiles: number;
}

export interface TileChoice {
  readonly use: boolean;
  readonly why: string;
}

/** `wish` forces tiles, where the features fit them, or forbids them. */
export function chooseTiles(
  plan: SweepPlan,
  estimate: TileEstimate | undefined,
  wish: boolean | undefined,
): TileChoice {
  if (wish === false) return { use: false, why: 'the request asks for rows' };
  if (estimate === undefined)
    return { use: false, why: 'the view has no tiles that are complete and clean in this range' };
  const others = plan.features.filter((feature) => !fitsTiles(feature, plan)).map(({ feature }) => feature.name);
  if (others.length === plan.features.length) return { use: false, why: `tiles cannot answer ${others.join(', ')}` };
  if (wish === true) return { use: true, why: 'the request asks for tiles' };
  if (others.length > 0)
    return { use: false, why: `rows are read for ${others.join(', ')}, and answer the rest as well` };
  const counts = `${estimate.tiles.toLocaleString('en')} tiles stand for ${estimate.rows.toLocaleString('en')} rows`;
  return estimate.tiles * ROWS_WORTH_A_TILE <= estimate.rows
    ? { use: true, why: counts }
    : { use: false, why: `${counts}, too few for them to pay` };
}
