/** Rows of datasets and of results as Arrow streams. */
import type { DatasetManifest } from '../catalog/catalog.ts';
import { arrowSql } from '../engine/arrow-shape.ts';
import { arrowStream } from '../engine/arrow-stream.ts';
import type { ColumnBatch, Engine, Session } from '../engine/engine.ts';
import { streamFromSession } from '../engine/session-stream.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { chosenRows, openDatasetRows, type ChosenPart, type DatasetColumn, type DatasetRows } from './dataset-rows.ts';

/**
 * The rows of a version, or of one of its parts, in the spine's order. One file of the version is at work at a time, and no
 * more than its reader has asked for.
 */
export function streamDataset(
  { engine, lake, signal }: { readonly engine: Engine; readonly lake: Lake; readonly signal?: AbortSignal },
  dataset: DatasetManifest,
  part?: ChosenPart,
): AsyncGenerator<Uint8Array> {
  return streamFromSession(
    engine,
    async function* (session) {
      const rows = await openDatasetRows(session, lake, dataset.files);
      yield* arrowStream(rows.columns, batchesOf(session, lake, rows, part));
    },
    signal,
  );
}

async function* batchesOf(
  session: Session,
  lake: Lake,
  { parts, columns }: DatasetRows,
  part: ChosenPart | undefined,
): AsyncGenerator<ColumnBatch> {
  for (const select of parts) {
    const rows = await chosenRows(lake, `(${select})`, part);
    const order = part === undefined ? '' : ' ORDER BY __row';
    yield* session.stream(`SELECT ${columns.map(arrowColumn).join(', ')} FROM (${rows})${order}`);
  }
}

function arrowColumn({ alias, type }: DatasetColumn): string {
  return `${arrowSql(alias, type)} AS ${alias}`;
}

/** The rows of a Parquet file that the engine may read. */
export function streamParquet(engine: Engine, path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  return streamFromSession(
    engine,
    async function* (session) {
      const relation = `read_parquet(${literalText(path)})`;
      const described = await session.rows(`DESCRIBE SELECT * FROM ${relation}`);
      const columns = described.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
      const list = columns.map(({ name, type }, index) => `${arrowSql(quoteIdentifier(name), type)} AS c${index}`);
      yield* arrowStream(columns, session.stream(`SELECT ${list.join(', ')} FROM ${relation}`));
    },
    signal,
  );
}
