/** What Spark does not compute, named before anything runs. */
import { AsofError } from '../../contracts/errors.ts';
import type { PlannedView } from '../../contracts/plan.ts';
import { SPARK_FUNCTIONS } from './aggregate-sql.ts';

/** The refusal of a view, which names the feature and the mend; undefined when Spark computes the whole view. */
export function sparkObstacle({ view, features }: PlannedView): AsofError | undefined {
  const refuse = (place: string, what: string): AsofError =>
    new AsofError('NOT_AVAILABLE_YET', {
      place: `view ${view.name}${place}`,
      what: `${what} on Spark (use engine: 'duckdb')`,
    });
  if (view.sql !== undefined) return refuse('', 'a view with sql');
  if (view.map !== undefined) return refuse('', 'a view with map');
  for (const feature of features) {
    if (feature.kind !== 'aggregate') continue;
    const { name, function: aggregate } = feature;
    if (!SPARK_FUNCTIONS.includes(aggregate)) return refuse(`, feature ${name}`, aggregate);
  }
  return undefined;
}
