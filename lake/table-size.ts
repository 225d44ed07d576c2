/** What a table takes on disk, and what it would take as one plain file. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { SEQUENCE_COLUMN, type CommittedFile } from '../contracts/lake.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, literalTextList } from '../engine/sql.ts';
import { COMPACTION_LIMITS, planCompaction } from './compaction-plan.ts';
import type { Lake } from './lake.ts';

export interface TableSize {
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  /** Files that `asof maintain` would make fewer. */
  readonly smallFiles: number;
  /** What earlier snapshots alone show: it goes when they expire. */
  readonly history: { readonly files: number; readonly bytes: number };
}

/** `everyFile` are the files of all snapshots that have not expired. */
export function tableSize(newest: readonly CommittedFile[], everyFile: readonly CommittedFile[]): TableSize {
  const shown = new Set(newest.map(({ id }) => id));
  const earlier = everyFile.filter(({ id }) => !shown.has(id));
  const bytesOf = (files: readonly CommittedFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    rows: newest.reduce((sum, { rows }) => sum + rows, 0),
    files: newest.length,
    bytes: bytesOf(newest),
    smallFiles: planCompaction(newest, COMPACTION_LIMITS).flat().length,
    history: { files: earlier.length, bytes: bytesOf(earlier) },
  };
}

/**
 * The bytes of the rows of these files, without their sequences, as DuckDB writes them to one file with zstd: what storage
 * overhead is counted against. Reads and writes all of them, to `directory`, where it leaves the file.
 */
export async function plainBytes(
  { lake, session, directory }: { readonly lake: Lake; readonly session: Session; readonly directory: string },
  files: readonly CommittedFile[],
): Promise<number> {
  if (files.length === 0) return 0;
  const paths = literalTextList(await Promise.all(files.map((file) => lake.checkedPath(file))));
  const plain = path.join(directory, 'plain.parquet');
  await session.run(`COPY (SELECT * EXCLUDE (${SEQUENCE_COLUMN}) FROM read_parquet(${paths}, union_by_name = true))
TO ${literalText(plain)} (FORMAT parquet, COMPRESSION zstd)`);
  return (await stat(plain)).size;
}
