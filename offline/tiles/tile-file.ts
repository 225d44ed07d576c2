/** Files of tiles in a view's table, and the time that they stand for. */
import { TILE_COLUMN, type CommittedFile, type DataFile, type TimeRange } from '../../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../../contracts/manifest.ts';
import { floorToGrid, type Micros } from '../../contracts/time.ts';
import { literalText } from '../../engine/sql.ts';
import type { Session } from '../../engine/engine.ts';
import type { Lake } from '../../lake/lake.ts';
import { newTileFilePath } from '../../lake/paths.ts';
import { PARQUET, publishDataFile } from '../../lake/tables.ts';
import { withoutDeletes } from '../event-identity.ts';
import { relationKeys } from '../event-relation.ts';
import { planTiles } from './tile-plan.ts';
import { tilesSql } from './tile-sql.ts';

/** With fewer rows a tile, tiles save less than they cost. */
const ROWS_PER_TILE = 2;

/** The time that a file's tiles stand for: every tile of it that has rows is in the file. */
export function tiledRange({ statistics }: CommittedFile, micros: number): TimeRange | undefined {
  const bounds = statistics?.find(({ name }) => name === TILE_COLUMN);
  if (typeof bounds?.min !== 'string' || typeof bounds.max !== 'string') return undefined;
  return { from: BigInt(bounds.min), to: BigInt(bounds.max) + BigInt(micros) };
}

/** Where the first of a file's tiles begins; undefined for one that does not say. */
export function firstTile({ statistics }: CommittedFile): Micros | undefined {
  const least = statistics?.find(({ name }) => name === TILE_COLUMN)?.min;
  return typeof least === 'string' ? BigInt(least) : undefined;
}

/** The whole tiles of a range; undefined when there is none. */
export function wholeTiles({ from, to }: TimeRange, micros: number): TimeRange | undefined {
  const whole = { from: floorToGrid(from + BigInt(micros) - 1n, micros), to: floorToGrid(to, micros) };
  return whole.from < whole.to ? whole : undefined;
}

export interface TileFileInput {
  readonly view: FeatureViewManifest;
  readonly source: StoredSourceManifest;
  /** A SELECT of the event relation with all rows of the range. */
  readonly events: string;
  readonly range: TimeRange;
  /** Rows of the range. */
  readonly rows: number;
  /** Rows that a tile must have on average. */
  readonly rowsPerTile?: number | undefined;
}

/** Writes and publishes the tiles of a range; nothing for a view or a range that they would not help. */
export async function writeTileFile(
  session: Session,
  lake: Lake,
  { view, source, events, range, rows, rowsPerTile = ROWS_PER_TILE }: TileFileInput,
): Promise<DataFile | undefined> {
  const plan = planTiles(view, source);
  const whole = plan && wholeTiles(range, plan.micros);
  if (!plan || !whole) return undefined;
  const names = relationKeys(view);
  const keys = view.keys.map(({ type }, index) => ({ name: names[index]!, type }));
  await session.run(
    `CREATE OR REPLACE TEMP TABLE view_tiles AS ${tilesSql(withoutDeletes(events, source), keys, plan, whole)}`,
  );
  try {
    const [counted] = await session.rows('SELECT count(*) AS tiles FROM view_tiles');
    if (Number(counted!['tiles']) * rowsPerTile > rows) return undefined;
    const file = newTileFilePath({ view: view.name, fingerprint: view.fingerprint, from: whole.from });
    const path = literalText(await lake.stagingPath(file.path));
    await session.run(`COPY view_tiles TO ${path} ${PARQUET}`);
    return await publishDataFile(lake, session, file, { eventColumn: null, createdColumn: null });
  } finally {
    await session.run('DROP TABLE view_tiles');
  }
}
