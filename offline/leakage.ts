/** How often a value was made from rows created after q. */
import type { FeaturePlan } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import { outputColumn, viewFeatureColumns } from './feature-columns.ts';
import { entityGroups } from './unit.ts';

/** Values made from rows created after q, by output column; `unknown` where a source does not say. */
export type Leakage = Readonly<Record<string, number | 'unknown'>>;

export interface LeakageInput {
  readonly plan: FeaturePlan;
  /** FROM items, one for each entity group: its units together. */
  readonly groups: readonly string[];
  /** Ordinals: `from` inclusive, `to` exclusive. */
  readonly range: { readonly from: number; readonly to: number };
  /** FROM and WHERE over the rows of the range, joined with these of the groups. */
  readonly joined: (groups: readonly string[]) => string;
}

/**
 * Features that leak together (those of an as-of view) are counted once, and those that one group alone decides are counted
 * there, without a join.
 */
export async function countLeaks(session: Session, input: LeakageInput): Promise<Leakage> {
  const { plan, range } = input;
  const features = plan.columns.map((column) => outputColumn(plan, column));
  const conditions = new Set(features.flatMap(({ leaks }) => (leaks.length === 0 ? [] : [leaks.join(' OR ')])));
  const counts = new Map<string, number>();
  const place = leakPlaces(plan);
  const byGroups = new Map<string, string[]>();
  for (const condition of conditions) {
    const groups = [...new Set(condition.split(' OR ').map((leak) => place.get(leak)!))]
      .sort((a, b) => a - b)
      .join(',');
    byGroups.set(groups, [...(byGroups.get(groups) ?? []), condition]);
  }
  for (const [groups, together] of byGroups) {
    const read = groups.split(',').map((index) => input.groups[Number(index)]!);
    const from =
      read.length === 1 ? `FROM ${read[0]} WHERE __row >= ${range.from} AND __row < ${range.to}` : input.joined(read);
    const list = together.map((condition, index) => `count(*) FILTER (${condition}) AS n${index}`);
    const [row] = await session.rows(`SELECT ${list.join(', ')} ${from}`);
    together.forEach((condition, index) => counts.set(condition, Number(row![`n${index}`])));
  }
  return Object.fromEntries(
    plan.columns.map(({ name }, index) => {
      const { leaks, leakKnown } = features[index]!;
      return [name, leakKnown ? (counts.get(leaks.join(' OR ')) ?? 0) : 'unknown'];
    }),
  );
}

/** By leak column the position of its group. */
function leakPlaces(plan: FeaturePlan): ReadonlyMap<string, number> {
  return new Map(
    entityGroups(plan).flatMap(({ views }, group) =>
      plan.views
        .filter(({ as }) => views.includes(as))
        .flatMap((view) => viewFeatureColumns(plan, view))
        .flatMap(({ leaks }) => leaks.map((leak) => [leak, group] as const)),
    ),
  );
}

/** Sums the leakage of the parts of one output. */
export function addLeakage(parts: readonly Leakage[]): Leakage {
  const total: Record<string, number | 'unknown'> = {};
  for (const [name, count] of parts.flatMap((part) => Object.entries(part))) {
    const before = total[name] ?? 0;
    total[name] = count === 'unknown' || before === 'unknown' ? 'unknown' : before + count;
  }
  return total;
}
