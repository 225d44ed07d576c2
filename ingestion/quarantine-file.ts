/** Rows that were set aside, as text that can be read again. */
import { SEQUENCE_COLUMN, type DataFile } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, literalTimestamp } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { newQuarantineFilePath } from '../lake/paths.ts';
import { PARQUET, publishDataFile } from '../lake/tables.ts';
import { RAW_COLUMN, ROW_COLUMN } from '../sources/source.ts';
import { REJECTED_TABLE } from './rejected-rows.ts';
import { INPUT_COLUMN, type StagedInput } from './staged-table.ts';

/**
 * Writes `REJECTED_TABLE` as one file of the source's quarantine, not yet committed: `raw` (the row as JSON text under
 * the file's own names), `input`, `row` (1-based), `rules`, `event`, `run`, `quarantined_at`, and the sequence that the
 * row would have had; for a message also `topic`, `partition` and `offset`, which is its `row`. No file for no rows.
 */
export async function writeQuarantineFile(
  lake: Lake,
  session: Session,
  source: StoredSourceManifest,
  inputs: readonly StagedInput[],
  run: { readonly id: string; readonly at: Micros },
): Promise<readonly DataFile[]> {
  const counted = await session.rows(`SELECT DISTINCT ${INPUT_COLUMN} AS input FROM ${REJECTED_TABLE} ORDER BY 1`);
  const parts = counted.flatMap((row) => {
    const position = Number(row['input']);
    const input = inputs[position];
    return input ? [rejectedOf(input, position)] : [];
  });
  if (parts.length === 0) return [];
  const file = newQuarantineFilePath(source.name);
  const stamps = `${literalText(run.id)} AS run, ${literalTimestamp(run.at)} AS quarantined_at`;
  const rows = `SELECT * EXCLUDE (${SEQUENCE_COLUMN}), ${stamps}, ${SEQUENCE_COLUMN} FROM (${parts.join(' UNION ALL ')})`;
  const path = literalText(await lake.stagingPath(file.path));
  await session.run(`COPY (${rows} ORDER BY ${SEQUENCE_COLUMN}) TO ${path} ${PARQUET}`);
  return [await publishDataFile(lake, session, file, { eventColumn: null, createdColumn: null })];
}

function rejectedOf({ reading, sequenceStart }: StagedInput, position: number): string {
  const { path, firstRow, message } = reading;
  const row = `${ROW_COLUMN} + ${firstRow}::BIGINT`;
  const place = message
    ? `${literalText(message.topic)} AS topic, ${message.partition}::BIGINT AS "partition", ${row} AS "offset", `
    : '';
  return (
    `SELECT ${RAW_COLUMN} AS raw, ${literalText(path)} AS input, ${row} AS row, ${place}rules, event, ` +
    `r.${SEQUENCE_COLUMN} FROM ${REJECTED_TABLE} r JOIN (${reading.rawJsonSql}) raw ` +
    `ON raw.${ROW_COLUMN} = r.${SEQUENCE_COLUMN} - ${sequenceStart}::BIGINT WHERE r.${INPUT_COLUMN} = ${position}`
  );
}
