/** Sorts the staged rows: those that break a quarantine rule leave the staged table, with the reasons. */
import { AsofError } from '../contracts/errors.ts';
import { SEQUENCE_COLUMN } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import { compileBulkRules } from '../quality/bulk-rules.ts';
import type { RowRuleCounts } from '../quality/row-counts.ts';
import { compileRowRules } from '../quality/row-rules.ts';
import { FAULT_COLUMN } from '../sources/source.ts';
import { judgeInBulk, judgeOneByOne, REASONS_TABLE } from './row-verdicts.ts';
import { describeFault, INPUT_COLUMN, STAGED_TABLE, type StagedInput } from './staged-table.ts';

/** `SEQUENCE_COLUMN`, `INPUT_COLUMN`, `event` (TIMESTAMP or null) and `rules` (VARCHAR[], in words). */
export const REJECTED_TABLE = 'rejected';

/**
 * Moves rejected rows from `STAGED_TABLE` to `REJECTED_TABLE`. Returns the counts of each row rule, by position: of
 * quarantine rules over all rows whose values are of their types, of the others over the rows that stay. Throws
 * `INPUT_ROW_INVALID` for a row that stays without an event time. With `inBulk` the rows are judged in SQL, if it can judge all rules of
 * the source; the verdicts are the same.
 */
export async function rejectRows(
  session: Session,
  source: StoredSourceManifest,
  inputs: readonly StagedInput[],
  {
    inBulk = false,
    progress,
  }: { readonly inBulk?: boolean; readonly progress?: ((rows: number) => void) | undefined } = {},
): Promise<readonly RowRuleCounts[]> {
  await session.run(`CREATE TEMP TABLE ${REASONS_TABLE} (${SEQUENCE_COLUMN} BIGINT, rule VARCHAR)`);
  for (const [position, { reading }] of inputs.entries()) {
    for (const [index, check] of reading.checks.entries()) {
      if (!check.quarantine) continue;
      await session.run(
        `INSERT INTO ${REASONS_TABLE} SELECT ${SEQUENCE_COLUMN}, ${literalText(describeFault(check))} ` +
          `FROM ${STAGED_TABLE} WHERE ${INPUT_COLUMN} = ${position} AND ${FAULT_COLUMN} = ${index + 1}`,
      );
    }
  }
  const bulkRules = inBulk ? compileBulkRules(source) : undefined;
  const counts = bulkRules
    ? await judgeInBulk(session, bulkRules)
    : await judgeOneByOne(session, compileRowRules(source), progress);
  await session.run(
    `CREATE TEMP TABLE ${REJECTED_TABLE} AS
     SELECT ${SEQUENCE_COLUMN}, any_value(${INPUT_COLUMN}) AS ${INPUT_COLUMN},
       any_value(${quoteIdentifier(source.timestamp)}) AS event, list(rule ORDER BY r.rowid) AS rules
     FROM ${STAGED_TABLE} JOIN ${REASONS_TABLE} r USING (${SEQUENCE_COLUMN}) GROUP BY ${SEQUENCE_COLUMN}`,
  );
  await session.run(`DROP TABLE ${REASONS_TABLE}`);
  await session.run(
    `DELETE FROM ${STAGED_TABLE} WHERE ${SEQUENCE_COLUMN} IN (SELECT ${SEQUENCE_COLUMN} FROM ${REJECTED_TABLE})`,
  );
  await refuseMissingEvents(session, source, inputs);
  return counts;
}

async function refuseMissingEvents(
  session: Session,
  source: StoredSourceManifest,
  inputs: readonly StagedInput[],
): Promise<void> {
  const [found] = await session.rows(
    `SELECT ${SEQUENCE_COLUMN} AS sequence, ${INPUT_COLUMN} AS input FROM ${STAGED_TABLE}
     WHERE ${quoteIdentifier(source.timestamp)} IS NULL ORDER BY 1 LIMIT 1`,
  );
  const input = found && inputs[Number(found['input'])];
  if (!found || !input) return;
  throw new AsofError('INPUT_ROW_INVALID', {
    where: source.name,
    path: input.reading.path,
    row: (found['sequence'] as bigint) - input.sequenceStart + input.reading.firstRow,
    problem: `its event time (column "${source.timestamp}") is null; mend the row, or quarantine such rows with expect_column_values_to_not_be_null`,
  });
}
