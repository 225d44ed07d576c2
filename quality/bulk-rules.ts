/** All row expectations of a source as SQL, for rows that come in bulk: the verdicts are those of `compileRowRules`. */
import type { ExpectationManifest } from '../contracts/manifest.ts';
import type { EngineRow } from '../engine/engine.ts';
import { ignoredSql, recordSql } from './record-sql.ts';
import { rowChecks, skipsMissing, type RowCheck, type RuledSource } from './row-checks.ts';
import type { RowRuleCounts } from './row-counts.ts';
import { conjunction, presentSql, testSql } from './value-sql.ts';

export interface BulkRules {
  readonly rules: readonly ExpectationManifest[];
  /** By position in `rules`, whether a row breaks the rule: a boolean expression over the columns of the source, never null. */
  readonly broken: readonly string[];
  /**
   * Gives one row with the counts of every rule. `relation` stands behind FROM, with a WHERE if need be. Rows that break a rule which sets
   * rows aside are left out of the counts of the rules that do not.
   */
  countSql(relation: string): string;
  /** The counts of each rule, by position, from the row that `countSql` gave. */
  counts(counted: EngineRow): readonly RowRuleCounts[];
}

/** As `compileRowRules`; undefined when SQL cannot judge one of the rules, not in the same way or not as quickly. */
export function compileBulkRules(source: RuledSource): BulkRules | undefined {
  const checks = rowChecks(source);
  const made = checks.flatMap((check) => ruleSql(check) ?? []);
  if (made.length < checks.length) return undefined;
  const rules = checks.map(({ rule }) => rule);
  const setsAside = rules.map(({ onFailure }) => onFailure === 'quarantine');
  return {
    rules,
    broken: made.map(({ broken }) => broken),
    countSql: (relation) => {
      const verdicts = made.flatMap(({ inView, missing, broken }, position) => [
        ...(inView === null ? [] : [`${inView} AS v${position}`]),
        ...(missing === null ? [] : [`${missing} AS m${position}`]),
        `${broken} AS b${position}`,
      ]);
      const rejected = setsAside.flatMap((aside, position) => (aside ? [`b${position}`] : []));
      const counts = made.flatMap(({ inView, missing }, position) => {
        const kept = setsAside[position] || rejected.length === 0 ? [] : ['NOT rejected'];
        const seen = inView === null ? kept : [`v${position}`, ...kept];
        return [
          `${countOf(seen)} AS e${position}`,
          `${missing === null ? '0' : countOf([`m${position}`, ...seen])} AS m${position}`,
          `${countOf([`b${position}`, ...kept])} AS b${position}`,
        ];
      });
      const judged = `SELECT ${verdicts.join(', ')} FROM ${relation}`;
      const from = rejected.length === 0 ? judged : `SELECT *, ${rejected.join(' OR ')} AS rejected FROM (${judged})`;
      return `SELECT ${counts.join(', ')} FROM (${from})`;
    },
    counts: (counted) =>
      rules.map((_, position) => ({
        elements: Number(counted[`e${position}`]),
        missing: Number(counted[`m${position}`]),
        unexpected: Number(counted[`b${position}`]),
      })),
  };
}

interface RuleSql {
  /** Whether the rule sees the row at all; null when it sees every row. */
  readonly inView: string | null;
  /** Whether it does not look at a row that it sees, for the values that are missing; null when it looks at every row. */
  readonly missing: string | null;
  readonly broken: string;
}

function ruleSql({ condition, check }: RowCheck): RuleSql | undefined {
  const inView =
    condition && conjunction([presentSql(condition.column), testSql(condition.test, condition.column) ?? 'true']);
  if (check.on === 'record') {
    const missing = ignoredSql(check);
    const held = recordSql(check);
    if (held === undefined) return undefined;
    const looked = missing === null ? [] : [`NOT (${missing})`];
    return { inView, missing, broken: conjunction([...viewed(inView), ...looked, `NOT (${held})`]) };
  }
  const present = presentSql(check.column);
  if (check.test.kind === 'absent') return { inView, missing: null, broken: conjunction([...viewed(inView), present]) };
  if (!skipsMissing(check.test))
    return { inView, missing: null, broken: conjunction([...viewed(inView), `NOT ${present}`]) };
  const held = testSql(check.test, check.column);
  if (held === undefined) return undefined;
  return { inView, missing: `NOT ${present}`, broken: conjunction([...viewed(inView), present, `NOT (${held})`]) };
}

function viewed(inView: string | null): readonly string[] {
  return inView === null ? [] : [inView];
}

function countOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'count(*)' : `count(*) FILTER (WHERE ${conditions.join(' AND ')})`;
}
