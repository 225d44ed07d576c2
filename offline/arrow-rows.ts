/** Rows of datasets and of results as Arrow streams. */
import type { DatasetManifest } from '../catalog/catalog.ts';
import { arrowSql } from '../engine/arrow-shape.ts';
import { arrowStream, type ArrowColumn } from '../engine/arrow-stream.ts';
import type { ColumnBatch, Engine, Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { chosenRows, openDatasetRows, type ChosenPart } from './dataset-rows.ts';
import { streamFromSession } from './session-stream.ts';

interface ArrowRows {
  readonly columns: readonly ArrowColumn[];
  /** Read one after the other, so that no more than one result is held. */
  readonly selects: readonly string[];
}

/**
 * The rows of a version, or of one of its parts, in the spine's order. One file of the version is at work at a time, and no
 * more than its reader has asked for.
 */
export function streamDataset(
  { engine, lake, signal }: { readonly engine: Engine; readonly lake: Lake; readonly signal?: AbortSignal },
  dataset: DatasetManifest,
  part?: ChosenPart,
): AsyncGenerator<Uint8Array> {
  const prepare = async (session: Session): Promise<ArrowRows> => {
    const { parts, columns } = await openDatasetRows(session, lake, dataset.files);
    const list = columns.map(({ alias, type }) => `${arrowSql(alias, type)} AS ${alias}`).join(', ');
    const order = part === undefined ? '' : ' ORDER BY __row';
    const selects = await Promise.all(
      parts.map(async (select) => `SELECT ${list} FROM (${await chosenRows(lake, `(${select})`, part)})${order}`),
    );
    return { columns, selects };
  };
  return streamFromSession(engine, prepare, readArrow, signal);
}

/** The rows of a Parquet file that the engine may read. */
export function streamParquet(engine: Engine, path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const prepare = async (session: Session): Promise<ArrowRows> => {
    const relation = `read_parquet(${literalText(path)})`;
    const described = await session.rows(`DESCRIBE SELECT * FROM ${relation}`);
    const columns = described.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
    const list = columns.map(({ name, type }, index) => `${arrowSql(quoteIdentifier(name), type)} AS c${index}`);
    return { columns, selects: [`SELECT ${list.join(', ')} FROM ${relation}`] };
  };
  return streamFromSession(engine, prepare, readArrow, signal);
}

function readArrow(session: Session, { columns, selects }: ArrowRows): AsyncGenerator<Uint8Array> {
  return arrowStream(columns, batchesOf(session, selects));
}

async function* batchesOf(session: Session, selects: readonly string[]): AsyncGenerator<ColumnBatch> {
  for (const select of selects) yield* session.stream(select);
}
