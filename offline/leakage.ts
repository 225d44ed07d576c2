/** How often a value was made from rows created after q. */
import type { FeaturePlan } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import { outputColumn } from './feature-columns.ts';

/** Values made from rows created after q, by output column; `unknown` where a source does not say. */
export type Leakage = Readonly<Record<string, number | 'unknown'>>;

/** Features that leak together, as those of an as-of view do, are counted once. `from` is a FROM item of all features. */
export async function countLeaks(session: Session, plan: FeaturePlan, from: string): Promise<Leakage> {
  const features = plan.columns.map((column) => outputColumn(plan, column));
  const conditions = [...new Set(features.flatMap(({ leaks }) => (leaks.length > 0 ? [leaks.join(' OR ')] : [])))];
  const list = conditions.map((condition, index) => `count(*) FILTER (${condition}) AS n${index}`);
  const [row] = list.length === 0 ? [{}] : await session.rows(`SELECT ${list.join(', ')} FROM ${from}`);
  const counts = new Map(conditions.map((condition, index) => [condition, Number(row![`n${index}`])]));
  return Object.fromEntries(
    plan.columns.map(({ name }, index) => {
      const { leaks, leakKnown } = features[index]!;
      return [name, leakKnown ? (counts.get(leaks.join(' OR ')) ?? 0) : 'unknown'];
    }),
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
