/** The statements of a sweep. */
import { distinctHashSql } from '../../aggregates/distinct-hash.ts';
import { identifierList, quoteIdentifier, sqlType } from '../../engine/sql.ts';
import { UNTIL_COLUMN } from '../event-identity.ts';
import { filterSql } from './filter-sql.ts';
import type { SweepFeature, SweepPlan } from './sweep-plan.ts';

/** Requests by (key, time): `__key`, `__at`, `__row`. */
export function requestsSql(keysTable: string, requests: string, plan: SweepPlan): string {
  return `SELECT k.__key, r.__at, r.__row
FROM (${requests}) r JOIN ${quoteIdentifier(keysTable)} k USING (${identifierList(plan.keys)})
ORDER BY k.__key, r.__at`;
}

/**
 * Events of the requested keys from the key's `__since` on, by (key, order): `__key`, `__event`, `__created` (when the source has it), `__until`
 * (when rows have it), then `valueColumns`.
 */
export function eventsSql(keysTable: string, events: string, plan: SweepPlan): string {
  const created = plan.hasCreated ? ['e.__created'] : [];
  const until = plan.hasUntil ? [`e.${UNTIL_COLUMN}`] : [];
  const columns = ['k.__key', 'e.__event', ...created, ...until, ...valueColumns(plan)];
  return `SELECT ${columns.join(', ')}
FROM (${events}) e JOIN ${quoteIdentifier(keysTable)} k USING (${identifierList(plan.keys)})
WHERE epoch_us(e.__event) >= k.__since${plan.asKnown ? ' AND e.__created IS NOT NULL' : ''}
ORDER BY k.__key, e.__event, e.__created NULLS FIRST, e.__seq`;
}

/** What features and filters read of an event `e`: a column for each input, then an INTEGER, 1 or 0, for each group with a filter. */
export function valueColumns({ inputs, groups }: SweepPlan): readonly string[] {
  const values = inputs.map(({ kind, column, type }, index) => {
    const name = `e.${quoteIdentifier(column)}`;
    return `${kind === 'hash' ? distinctHashSql(name, type) : name} AS __input${index}`;
  });
  const filters = groups
    .filter(({ filter }) => filter.length > 0)
    .map(({ filter }, index) => `${filterSql(filter)} AS __filter${index}`);
  return [...values, ...filters];
}

/** The result: `__row`, a column for each feature, and when the source has `created`, whether each value leaks. */
export function createResultSql(table: string, plan: SweepPlan): string {
  const values = plan.features.map(({ feature, type }) => `${quoteIdentifier(feature.name)} ${sqlType(type)}`);
  const leaks = plan.hasCreated ? plan.features.map((feature) => `${leakColumn(feature)} BOOLEAN`) : [];
  return `CREATE TEMP TABLE ${quoteIdentifier(table)} (${['__row BIGINT', ...values, ...leaks].join(', ')})`;
}

/** The result from tables that have some of the features each. */
export function joinResultsSql(table: string, plan: SweepPlan, parts: readonly string[]): string {
  const values = plan.features.map(({ feature }) => quoteIdentifier(feature.name));
  const leaks = plan.hasCreated ? plan.features.map(leakColumn) : [];
  const [first, ...others] = parts.map(quoteIdentifier);
  return `CREATE TEMP TABLE ${quoteIdentifier(table)} AS
SELECT ${['__row', ...values, ...leaks].join(', ')} FROM ${[first, ...others.map((name) => `JOIN ${name} USING (__row)`)].join(' ')}`;
}

/** The leak columns of a filled result whose source has no `created`: null, and cheaper added than appended. */
export function addLeaksSql(table: string, plan: SweepPlan): readonly string[] {
  if (plan.hasCreated) return [];
  return plan.features.map(
    (feature) => `ALTER TABLE ${quoteIdentifier(table)} ADD COLUMN ${leakColumn(feature)} BOOLEAN`,
  );
}

function leakColumn({ feature }: SweepFeature): string {
  return quoteIdentifier(`__leak_${feature.name}`);
}
