/** A source's own retention in the tables of its views: what backfills copied goes with what it was copied from. */
import type { TableCatalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import { isTileFile, type DataFile } from '../contracts/lake.ts';
import type { FeatureViewManifest } from '../contracts/manifest.ts';
import { floorToGrid, MICROS_PER_DAY, type Micros } from '../contracts/time.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { literalTextList, literalTimestamp } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { writeViewFile } from './compact-view.ts';
import { firstTile } from './tiles/tile-file.ts';
import { viewTable } from './view-coverage.ts';

const MOST_CONFLICTS = 20;

/**
 * Takes the rows with an event before `before`, a whole day, out of the table of one version of a view; the ledger says
 * that the time was removed, so that nobody reads it from there. Tiles of that time go too. Returns the number of rows.
 */
export async function expireViewRows(
  { tables, lake, engine }: { readonly tables: TableCatalog; readonly lake: Lake; readonly engine: Engine },
  input: {
    readonly project: string;
    readonly view: FeatureViewManifest;
    readonly before: Micros;
    readonly runId: string;
  },
  signal?: AbortSignal,
): Promise<number> {
  const { project, view, before, runId } = input;
  const table = viewTable(project, view);
  for (let conflicts = 0; ;) {
    const { snapshot, files } = await tables.files(table);
    const old = files.filter(({ minEvent }) => minEvent !== null && minEvent < before);
    // a file of tiles goes whole: what it says of the time after the boundary is answered from rows until it is redone
    const tiles = files.filter((file) => isTileFile(file) && (firstTile(file) ?? before - 1n) < before);
    const starts = [...old.map(({ minEvent }) => minEvent), ...tiles.map(firstTile)].filter(
      (at) => typeof at === 'bigint',
    );
    if (old.length + tiles.length === 0) return 0;
    const from = starts.reduce((least, at) => (at < least ? at : least), before - 1n);
    const add: DataFile[] = [];
    for (const file of old) {
      if (file.maxEvent === null || file.maxEvent < before) continue;
      const rest = `(FROM read_parquet(${literalTextList([await lake.checkedPath(file)])}) WHERE __event >= ${literalTimestamp(before)})`;
      const write = (session: Session): Promise<DataFile> =>
        writeViewFile({ lake, session }, view, rest, { bucket: file.bucket, from: before, columns: file.columns });
      add.push(await engine.session(write, signal));
    }
    const rowsOf = (some: readonly DataFile[]): number => some.reduce((sum, { rows }) => sum + rows, 0);
    const idempotencyKey = `expire ${project} ${view.name}@${view.fingerprint} ${before} ${snapshot}`;
    const range = { from: floorToGrid(from, MICROS_PER_DAY), to: before };
    try {
      await tables.commit({
        table,
        idempotencyKey,
        runId,
        operation: 'expire',
        base: snapshot,
        add,
        remove: [...old, ...tiles].map(({ id }) => id),
        inputs: [],
        replacedInputs: [],
        removedSequences: [],
        conservation: [],
        ledger: [
          {
            ...{ project, view: view.name, fingerprint: view.fingerprint, store: 'offline', range },
            ...{ operation: 'removed', idempotencyKey, runId, inputSnapshot: null, rowsIn: 0, rowsOut: 0 },
          },
        ],
        quarantine: [],
        lineage: [],
      });
      return rowsOf(old) - rowsOf(add);
    } catch (error) {
      const conflict = error instanceof AsofError && error.code === 'COMMIT_CONFLICT';
      if (!conflict || ++conflicts > MOST_CONFLICTS) throw error;
    }
  }
}
