import { AsofError } from '../contracts/errors.ts';
import type { MaterializeInput } from '../contracts/runs.ts';
import { clockNow, formatInstant, requireInstant } from '../contracts/time.ts';
import { requireFeatureView } from './applied-view.ts';
import type { ActivityDependencies } from './dependencies.ts';

export interface MaterializationPlanned {
  /** Fingerprint of the definitions that the whole run uses. */
  readonly definitions: string;
  readonly to: string;
  readonly views: readonly string[];
}

/** Short: on the serving queue. */
export interface MaterializationPlanActivities {
  /** Throws `UNKNOWN_NAME`, or `INVALID_VALUE` for a view that is not served online. */
  planMaterialization(input: MaterializeInput): Promise<MaterializationPlanned>;
}

export function createMaterializationPlanActivities({
  definitions,
}: Pick<ActivityDependencies, 'definitions'>): MaterializationPlanActivities {
  return {
    async planMaterialization({ project, views, to }) {
      const { manifest } = await definitions.current(project);
      const names = [...new Set(views)];
      for (const name of names) {
        if (requireFeatureView(manifest, name).online) continue;
        throw new AsofError('INVALID_VALUE', { where: `view ${name}`, problem: 'is not declared with online: true' });
      }
      const instant = to === undefined ? clockNow() : requireInstant(to, 'to');
      return { definitions: manifest.fingerprint, to: formatInstant(instant), views: names };
    },
  };
}
