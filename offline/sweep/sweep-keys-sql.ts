/**
 * The keys of a sweep with the time from which their rows are needed: no window of a key reaches back further than at its
 * first request. So a few requests at a late instant cost a look at the older rows, not their sort and their sweep.
 */
import type { FilterColumn } from '../../aggregates/row-filter.ts';
import type { WindowManifest } from '../../contracts/manifest.ts';
import { identifierList, literalBigint, quoteIdentifier } from '../../engine/sql.ts';
import { UNTIL_COLUMN } from '../event-identity.ts';
import { filterSql } from './filter-sql.ts';
import type { SweepPlan } from './sweep-plan.ts';

/** What the windows of a plan need of the rows before a request. */
interface Reach {
  /** Rows that are so much older, at most; undefined without windows of a duration. */
  readonly micros: bigint | undefined;
  /** So many of the newest known rows that pass a filter. */
  readonly lasts: readonly { readonly filter: readonly FilterColumn[]; readonly count: number }[];
}

/** Adds `__since` BIGINT, microseconds, to the table of `createKeysSql`. */
export function createSinceSql(table: string, keysTable: string, events: string, plan: SweepPlan): string {
  const reach = reachOf(plan);
  const create = `CREATE TEMP TABLE ${quoteIdentifier(table)} AS SELECT k.*,`;
  const from = `FROM ${quoteIdentifier(keysTable)} k`;
  if (reach === undefined) return `${create} ${BEGINNING} AS __since ${from}`;
  const bounds = reach.lasts.map(({ count }, index) => {
    const newest = `n.__newest${index}`;
    return `CASE WHEN len(${newest}) = ${count} THEN list_min(${newest}) ELSE ${BEGINNING} END`;
  });
  if (reach.micros !== undefined) bounds.unshift(`k.__first - ${literalBigint(reach.micros)}`);
  const since = `${create} least(${bounds.join(', ')}) AS __since ${from}`;
  return reach.lasts.length === 0
    ? since
    : `${since} LEFT JOIN (${newestSql(keysTable, events, plan, reach)}) n USING (__key)`;
}

/** Before every event. */
const BEGINNING = literalBigint(-(1n << 63n));

/** By key the events of the newest rows that its first request knows, for each last-N window. */
function newestSql(keysTable: string, events: string, plan: SweepPlan, { lasts }: Reach): string {
  const newest = lasts.map(({ filter, count }, index) => {
    const passing = filter.length === 0 ? '' : ` FILTER (${filterSql(filter)} = 1)`;
    return `max(epoch_us(e.__event), ${count})${passing} AS __newest${index}`;
  });
  const known = plan.asKnown ? ' AND epoch_us(e.__created) <= k.__first' : '';
  // one that stops to count would leave its place to an earlier row
  const lasting = plan.hasUntil ? ` AND e.${UNTIL_COLUMN} IS NULL` : '';
  return `SELECT k.__key, ${newest.join(', ')}
FROM (${events}) e JOIN ${quoteIdentifier(keysTable)} k USING (${identifierList(plan.keys)})
WHERE epoch_us(e.__event) + ${literalBigint(BigInt(plan.delayMicros))} < k.__first${known}${lasting}
GROUP BY k.__key`;
}

/** Undefined when a window has no lower bound. */
function reachOf({ groups }: SweepPlan): Reach | undefined {
  const windows = groups.flatMap((group) => group.windows.map(({ window }) => window));
  if (windows.some(({ kind }) => kind === 'all')) return undefined;
  const durations = windows.filter(isDuration).map(({ micros, resolutionMicros }) => micros + (resolutionMicros ?? 0));
  const lasts = groups.flatMap(({ filter, windows: members }) => {
    const counts = members.flatMap(({ window }) => (window.kind === 'last' ? [window.count] : []));
    return counts.length === 0 ? [] : [{ filter, count: Math.max(...counts) }];
  });
  return { micros: durations.length === 0 ? undefined : BigInt(Math.max(...durations)), lasts };
}

function isDuration(window: WindowManifest): window is Extract<WindowManifest, { kind: 'duration' }> {
  return window.kind === 'duration';
}
