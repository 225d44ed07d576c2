import { AsofError } from '../../contracts/errors.ts';
import type { FeaturePlan, PlannedView } from '../../contracts/plan.ts';

/** The one view of a plan that asked for a view by its name. Throws `INVALID_VALUE` for a derived view, an alias or a feature. */
export function requirePlannedView({ views, derived }: FeaturePlan, name: string): PlannedView {
  const [planned] = views;
  if (planned !== undefined && derived.length === 0 && planned.view.name === name) return planned;
  const problem = `${name} has no rows of its own; name a view over a source, not a derived one, an alias or a feature`;
  throw new AsofError('INVALID_VALUE', { where: 'statistics', problem });
}
