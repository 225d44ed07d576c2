/** Rows of earlier versions of changed inputs: taken out of the table by writing its files anew without them. */
import { SEQUENCE_COLUMN, type CommittedFile, type DataFile, type SequenceRange } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { literalText } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { countDays, type DayCount } from './day-counts.ts';
import { writeSourceFiles } from './source-files.ts';

export interface Replacement {
  readonly remove: readonly string[];
  /** What is left of the removed files. */
  readonly add: readonly DataFile[];
  readonly removedDays: readonly DayCount[];
}

/** Takes the rows of `blocks` out of the files. Files that hold none of them are left alone. */
export async function removeSequences(
  lake: Lake,
  session: Session,
  source: Pick<StoredSourceManifest, 'name' | 'timestamp' | 'created'>,
  files: readonly CommittedFile[],
  blocks: readonly SequenceRange[],
): Promise<Replacement> {
  const remove: string[] = [];
  const add: DataFile[] = [];
  const removedDays: DayCount[] = [];
  const holding = files.filter((file) => blocks.some(({ start, end }) => overlaps(file, start, end)));
  const paths = await Promise.all(holding.map((file) => lake.checkedPath(file)));
  for (const [index, file] of holding.entries()) {
    const hit = blocks.filter(({ start, end }) => overlaps(file, start, end));
    const relation = `read_parquet(${literalText(paths[index]!)})`;
    const removed = hit.map(({ start, end }) => `(${SEQUENCE_COLUMN} >= ${start} AND ${SEQUENCE_COLUMN} < ${end})`);
    const condition = removed.join(' OR ');
    const days = await countDays(session, `(FROM ${relation} WHERE ${condition})`, source.timestamp);
    if (days.length === 0) continue;
    const columns = file.columns.filter(({ name }) => name !== SEQUENCE_COLUMN);
    const rest = `(FROM ${relation} WHERE NOT (${condition}))`;
    const { files: written } = await writeSourceFiles(lake, session, source, rest, columns);
    remove.push(file.id);
    add.push(...written);
    removedDays.push(...days);
  }
  return { remove, add, removedDays };
}

function overlaps({ minSequence, maxSequence }: DataFile, start: bigint, end: bigint): boolean {
  return minSequence !== null && maxSequence !== null && minSequence < end && maxSequence >= start;
}
