/** Step 3: the verdict of the expectations on everything staged. */
import { AsofError } from '../contracts/errors.ts';
import { storedType } from '../contracts/values.ts';
import { literalTextList, quoteIdentifier, sqlType } from '../engine/sql.ts';
import { compileColumnRules } from '../quality/column-rules.ts';
import { describeFailure, describeRule, refusesBatch, type ExpectationResult } from '../quality/results.ts';
import { addCounts, NO_ROWS, rowRuleResult } from '../quality/row-counts.ts';
import type { IngestionDependencies, StepOptions } from './dependencies.ts';
import { readPlan, type IngestionPlan } from './ingestion-plan.ts';
import { readStagedGroups } from './stage-group.ts';
import type { StagedGroup } from './staged-group.ts';
import { writeStagingObject } from './staging-object.ts';

const AUDIT = 'audit.json';

export interface IngestionAudit {
  /** In the order of the source's expectations. */
  readonly results: readonly ExpectationResult[];
  /** Failures that do not refuse the batch, and what was set aside, one line each. */
  readonly warnings: readonly string[];
}

/**
 * Evaluates every expectation of the source over the rows of this run. Throws `QUALITY_GATE` when a critical one that
 * says `fail` does not hold. A run without new inputs has nothing to audit.
 */
export async function auditIngestion(
  dependencies: Omit<IngestionDependencies, 'catalog'>,
  { planUri }: { readonly planUri: string },
  { signal }: StepOptions = {},
): Promise<IngestionAudit> {
  const plan = await readPlan(dependencies.lake, planUri);
  if (plan.inputs.length === 0) return { results: [], warnings: [] };
  const groups = await readStagedGroups(dependencies, plan);
  const results = await evaluate(dependencies, plan, groups, signal);
  const refusals = results.filter(refusesBatch);
  if (refusals.length > 0) {
    const problem = refusals.map(describeFailure).join('; ');
    throw new AsofError('QUALITY_GATE', { where: `source ${plan.source.name}`, problem });
  }
  const audit: IngestionAudit = { results, warnings: results.flatMap(warningOf) };
  return (await writeStagingObject(dependencies.lake, plan.runId, AUDIT, audit)).content;
}

async function evaluate(
  { lake, engine }: Omit<IngestionDependencies, 'catalog'>,
  { source }: IngestionPlan,
  groups: readonly StagedGroup[],
  signal: AbortSignal | undefined,
): Promise<readonly ExpectationResult[]> {
  const rowRules = source.expectations.filter(({ level }) => level === 'row');
  const rowResults = rowRules.map((rule, position) =>
    rowRuleResult(rule, groups.map(({ ruleCounts }) => ruleCounts[position] ?? NO_ROWS).reduce(addCounts, NO_ROWS)),
  );
  const columnRules = compileColumnRules(source);
  let columnResults: readonly ExpectationResult[] = [];
  if (columnRules.rules.length > 0) {
    const paths = await Promise.all(groups.flatMap(({ files }) => files).map((file) => lake.checkedPath(file)));
    const relation =
      paths.length === 0 ? noRows(source) : `read_parquet(${literalTextList(paths)}, union_by_name = true)`;
    const measures = await engine.session((session) => session.rows(columnRules.sql(relation)), signal);
    columnResults = columnRules.evaluate(measures[0] ?? {});
  }
  const rows = rowResults.values();
  const columns = columnResults.values();
  return source.expectations.flatMap(({ level }) => (level === 'row' ? rows : columns).next().value ?? []);
}

function noRows(source: IngestionPlan['source']): string {
  const columns = source.columns.map(
    ({ name, type }) => `NULL::${sqlType(storedType(type))} AS ${quoteIdentifier(name)}`,
  );
  return `(SELECT ${columns.join(', ')} WHERE false)`;
}

function warningOf(result: ExpectationResult): readonly string[] {
  const { type, kwargs, on_failure: onFailure } = result.expectation_config;
  if (onFailure !== 'quarantine') return result.success ? [] : [describeFailure(result)];
  const rows = 'unexpected_count' in result.result ? result.result.unexpected_count : 0;
  return rows === 0 ? [] : [`${describeRule(type, kwargs)}: ${rows} rows were quarantined`];
}
