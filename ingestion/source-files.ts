/** Parquet files of a source table: whole event days, in order of (event day, sequence). */
import { SEQUENCE_COLUMN, type DataFile } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';
import type { Session } from '../engine/engine.ts';
import { identifierList, literalText, literalTimestamp, quoteIdentifier } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { newSourceFilePath } from '../lake/paths.ts';
import { PARQUET, publishDataFile } from '../lake/tables.ts';
import { countDays, dayRange, eventDay, type DayCount } from './day-counts.ts';

const FILE_ROWS = 1_000_000;

/**
 * Writes the rows of `relation` (a FROM item with `SEQUENCE_COLUMN` and `columns`) as files of the source, not yet
 * committed. Returns them with the rows of each event day.
 */
export async function writeSourceFiles(
  lake: Lake,
  session: Session,
  source: Pick<StoredSourceManifest, 'name' | 'timestamp' | 'created'>,
  relation: string,
  columns: readonly { readonly name: string; readonly type: StoredType }[],
): Promise<{ readonly files: readonly DataFile[]; readonly days: readonly DayCount[] }> {
  const days = await countDays(session, relation, source.timestamp);
  const event = quoteIdentifier(source.timestamp);
  const select = `SELECT ${identifierList([...columns.map(({ name }) => name), SEQUENCE_COLUMN])} FROM ${relation}`;
  const vectors = Object.fromEntries(
    columns.filter(({ type }) => type.startsWith('float32[')).map(({ name, type }) => [name, type]),
  );
  const files: DataFile[] = [];
  for (const { first, last } of cutDays(days)) {
    const { from } = dayRange(first);
    const { to } = dayRange(last);
    const file = newSourceFilePath(source.name, from);
    const rows = `${select} WHERE ${event} >= ${literalTimestamp(from)} AND ${event} < ${literalTimestamp(to)}`;
    const ordered = `${rows} ORDER BY ${eventDay(source.timestamp)}, ${SEQUENCE_COLUMN}`;
    await session.run(`COPY (${ordered}) TO ${literalText(await lake.stagingPath(file.path))} ${PARQUET}`);
    files.push(
      await publishDataFile(lake, session, file, {
        eventColumn: source.timestamp,
        createdColumn: source.created,
        vectors,
      }),
    );
  }
  return { files, days };
}

/** Runs of whole days of about `FILE_ROWS` rows; a longer day is a run by itself. */
export function cutDays(days: readonly DayCount[]): readonly { readonly first: bigint; readonly last: bigint }[] {
  const cuts: { first: bigint; last: bigint; rows: number }[] = [];
  for (const { day, rows } of days) {
    if (day === null) continue;
    const cut = cuts.at(-1);
    if (cut && cut.rows + rows <= FILE_ROWS) Object.assign(cut, { last: day, rows: cut.rows + rows });
    else cuts.push({ first: day, last: day, rows });
  }
  return cuts;
}
