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
  /** By view the source that is a topic. Absent without one, and in runs of older versions. */
  readonly topics?: Readonly<Record<string, string>>;
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
      const topics = names.flatMap((name) => {
        const { source } = requireFeatureView(manifest, name);
        return manifest.sources.some((one) => one.name === source && one.kind === 'kafka') ? [[name, source]] : [];
      });
      return {
        definitions: manifest.fingerprint,
        to: formatInstant(instant),
        views: names,
        ...(topics.length > 0 && { topics: Object.fromEntries(topics) as Record<string, string> }),
      };
    },
  };
}
