/** The fits behind the features of a retrieval, and how many requests are older than what was learned. */
import type { FitUses } from '../contracts/fits.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import { formatInstant } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import { literalTimestamp } from '../engine/sql.ts';

/** `spine` is a FROM item with the column `__at`. */
export async function countFitUses(session: Session, plan: FeaturePlan, spine: string): Promise<FitUses> {
  const fitted = plan.views.flatMap(({ view, fit }) => (fit ? [{ view: view.name, ...fit }] : []));
  if (fitted.length === 0) return {};
  const counts = fitted.map(
    ({ until }, index) => `count(*) FILTER (__at < ${literalTimestamp(BigInt(until))}) AS n${index}`,
  );
  const [row] = await session.rows(`SELECT ${counts.join(', ')} FROM ${spine}`);
  return Object.fromEntries(
    fitted.map(({ view, version, until }, index) => [
      view,
      { version, until: formatInstant(BigInt(until)), rowsBefore: Number(row![`n${index}`]) },
    ]),
  );
}
