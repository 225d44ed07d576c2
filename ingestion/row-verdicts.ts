/** The row rules over the staged rows: counts of each, and the reasons for which rows leave. Both ways give the same. */
import { SEQUENCE_COLUMN } from '../contracts/lake.ts';
import type { Session } from '../engine/engine.ts';
import { identifierList, literalText } from '../engine/sql.ts';
import { cellOf } from '../engine/vector-reader.ts';
import type { BulkRules } from '../quality/bulk-rules.ts';
import { describeRule } from '../quality/results.ts';
import { NO_ROWS, type RowRuleCounts } from '../quality/row-counts.ts';
import type { RowRules } from '../quality/row-rules.ts';
import { ruleValue, type RuleValue } from '../quality/rule-values.ts';
import { FAULT_COLUMN } from '../sources/source.ts';
import { STAGED_TABLE } from './staged-table.ts';

/** `SEQUENCE_COLUMN` and `rule` (VARCHAR, in words): a row for each reason, those of one row in order. */
export const REASONS_TABLE = 'reasons';
/** Rows between two reports of progress, and between two appends of reasons. */
const REPORT_ROWS = 100_000;
/** A row with a value that is not of its type is not looked at. */
const JUDGED = `${STAGED_TABLE} WHERE ${FAULT_COLUMN} IS NULL`;

/**
 * Leaves the rows in the engine. Counts by position of the rule: of rules that set rows aside over all rows, of the others over those
 * that stay.
 */
export async function judgeInBulk(session: Session, bulkRules: BulkRules): Promise<readonly RowRuleCounts[]> {
  const { rules, broken } = bulkRules;
  if (rules.length === 0) return [];
  const [counted] = await session.rows(bulkRules.countSql(JUDGED));
  const counts = bulkRules.counts(counted ?? {});
  for (const [position, { type, arguments: kwargs, onFailure }] of rules.entries()) {
    if (onFailure !== 'quarantine' || counts[position]?.unexpected === 0) continue;
    await session.run(
      `INSERT INTO ${REASONS_TABLE} SELECT ${SEQUENCE_COLUMN}, ${literalText(describeRule(type, kwargs))} ` +
        `FROM ${JUDGED} AND ${broken[position]}`,
    );
  }
  return counts;
}

/** Takes each row out of the engine. Counts as `judgeInBulk`; `progress` is told of the rows that were judged. */
export async function judgeOneByOne(
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
  for await (const batch of session.stream(`SELECT ${select} FROM ${JUDGED}`)) {
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
