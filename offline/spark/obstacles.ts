/** What Spark does not compute, named before anything runs. */
import { AsofError } from '../../contracts/errors.ts';
import type { PlannedView } from '../../contracts/plan.ts';

/** The refusal of a view, which names the mend; undefined when Spark computes the view. */
export function sparkObstacle({ view }: PlannedView): AsofError | undefined {
  const refuse = (what: string): AsofError =>
    new AsofError('NOT_AVAILABLE_YET', {
      place: `view ${view.name}`,
      what: `${what} on Spark (use engine: 'duckdb')`,
    });
  if (view.sql !== undefined) return refuse('a view with sql');
  if (view.map !== undefined) return refuse('a view with map');
  return undefined;
}
