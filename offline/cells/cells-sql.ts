/** The statements of a sweep by cells. */
import type { WindowManifest } from '../../contracts/manifest.ts';
import { identifierList, literalBigint, quoteIdentifier } from '../../engine/sql.ts';
import type { SweepPlan } from '../sweep/sweep-plan.ts';
import { valueColumns } from '../sweep/sweep-sql.ts';

/** What of a row is read beside its key and event. */
export interface RowNeeds {
  readonly created: boolean;
  /** For functions that go by the place of rows. */
  readonly sequence: boolean;
}

/**
 * The events of the requested keys that some window can reach, in no order: `__key`, `__event` in microseconds, `__created`,
 * `__seq`, then `valueColumns`.
 */
export function cellEventsSql(keysTable: string, events: string, plan: SweepPlan, needs: RowNeeds): string {
  const created = needs.created ? ['e.__created'] : [];
  const sequence = needs.sequence ? ['e.__seq'] : [];
  const columns = ['k.__key', 'e.__event', ...created, ...sequence, ...valueColumns(plan)];
  const reach = longestReach(plan);
  const bounds = [
    ...(reach === undefined ? [] : [`epoch_us(e.__event) >= k.__first - ${literalBigint(reach)}`]),
    'epoch_us(e.__event) < k.__last',
    ...(plan.asKnown ? ['e.__created IS NOT NULL'] : []),
  ];
  return `SELECT ${columns.join(', ')}
FROM (${events}) e JOIN ${quoteIdentifier(keysTable)} k USING (${identifierList(plan.keys)})
WHERE ${bounds.join(' AND ')}`;
}

/** How far before its request a window reaches at most; undefined when a window has no lower bound in time. */
export function longestReach({ groups }: SweepPlan): bigint | undefined {
  const windows = groups.flatMap((group) => group.windows.map(({ window }) => window));
  const reaches = windows.map(reachOf);
  return reaches.includes(undefined)
    ? undefined
    : (reaches as bigint[]).reduce((most, reach) => (reach > most ? reach : most), 0n);
}

function reachOf(window: WindowManifest): bigint | undefined {
  if (window.kind !== 'duration') return undefined;
  return BigInt(window.micros) + BigInt(window.resolutionMicros ?? 0);
}
