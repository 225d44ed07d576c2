/** Sorts the staged rows: those that break a quarantine rule leave the staged table, with the reasons. */
import { AsofError } from '../contracts/errors.ts';
import { SEQUENCE_COLUMN } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { cellOf } from '../engine/vector-reader.ts';
import type { Session } from '../engine/engine.ts';
import { identifierList, literalText, quoteIdentifier } from '../engine/sql.ts';
import { describeRule } from '../quality/results.ts';
import { NO_ROWS, type RowRuleCounts } from '../quality/row-counts.ts';
import { compileRowRules, type RowRules } from '../quality/row-rules.ts';
import { ruleValue, type RuleValue } from '../quality/rule-values.ts';
import { FAULT_COLUMN } from '../sources/source.ts';
import { describeFault, INPUT_COLUMN, STAGED_TABLE, type StagedInput } from './staged-table.ts';

/** `SEQUENCE_COLUMN`, `INPUT_COLUMN`, `event` (TIMESTAMP or null) and `rules` (VARCHAR[], in words). */
export const REJECTED_TABLE = 'rejected';
const REASONS_TABLE = 'reasons';
/** Rows between two reports of progress, and between two appends of reasons. */
const REPORT_ROWS = 100_000;

/**
 * Moves rejected rows from `STAGED_TABLE` to `REJECTED_TABLE`. Returns the counts of each row rule, by position: of
 * quarantine rules over all rows whose values are of their types, of the others over the rows that stay. Throws
 * `INPUT_ROW_INVALID` for a row that stays without an event time.
 */
export async function rejectRows(
  session: Session,
  source: StoredSourceManifest,
  inputs: readonly StagedInput[],
  progress?: (rows: number) => void,
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
  const counts = await applyRowRules(session, compileRowRules(source), progress);
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

async function applyRowRules(
  session: Session,
  rowRules: RowRules,
  progress: ((rows: number) => void) | undefined,
): Promise<readonly RowRuleCounts[]> {
  const { rules, columns } = rowRules;
  const counts = rules.map(() => ({ ...NO_ROWS }));
  if (rules.length === 0) return counts;
  const quarantines = rules.map(({ onFailure }) => onFailure === 'quarantine');
  const names = rules.map(({ type, arguments: kwargs }) => describeRule(type, kwargs));
  let reasons: { sequence: bigint; rule: string }[] = [];
  const append = async (): Promise<void> => {
    await session.append(REASONS_TABLE, [
      { values: BigInt64Array.from(reasons, ({ sequence }) => sequence) },
      { values: reasons.map(({ rule }) => rule) },
    ]);
    reasons = [];
  };
  let checked = 0;
  let reported = 0;
  const select = [SEQUENCE_COLUMN, identifierList(columns)].join(', ');
  for await (const batch of session.stream(`SELECT ${select} FROM ${STAGED_TABLE} WHERE ${FAULT_COLUMN} IS NULL`)) {
    const [sequences, ...values] = batch.columns;
    for (let index = 0; index < batch.rows; index++) {
      const row: Record<string, RuleValue> = {};
      for (const column of values) row[column.name] = ruleValue(cellOf(column, index));
      const broken = rowRules.check(row);
      const rejected = broken.filter((position) => quarantines[position]);
      for (const position of rejected) {
        reasons.push({ sequence: (sequences!.values as BigInt64Array)[index]!, rule: names[position]! });
      }
      counts.forEach((count, position) => {
        if (rejected.length > 0 && !quarantines[position]) return;
        const view = rowRules.view(position, row);
        if (view === 'outside') return;
        count.elements += 1;
        if (view === 'missing') count.missing += 1;
        else if (broken.includes(position)) count.unexpected += 1;
      });
    }
    checked += batch.rows;
    if (reasons.length >= REPORT_ROWS) await append();
    if (checked - reported >= REPORT_ROWS) progress?.((reported = checked));
  }
  if (reasons.length > 0) await append();
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
