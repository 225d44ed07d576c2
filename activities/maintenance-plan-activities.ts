import type { TableKey } from '../contracts/lake.ts';
import { clockNow, formatInstant, requireInstant } from '../contracts/time.ts';
import type { ActivityDependencies } from './dependencies.ts';

export interface MaintainedTableName extends Pick<TableKey, 'name' | 'version'> {
  readonly kind: 'source' | 'view';
}

export interface MaintenancePlanned {
  /** Fingerprint of the definitions that the whole run uses. */
  readonly definitions: string;
  readonly now: string;
  /** Sources, then views: what a source gives up is dirty in its views before they are looked at. */
  readonly sources: readonly MaintainedTableName[];
  readonly views: readonly MaintainedTableName[];
}

/** Short: on the serving queue. */
export interface MaintenancePlanActivities {
  /** Throws `NOTHING_APPLIED`. */
  planMaintenance(input: { readonly project: string; readonly now?: string }): Promise<MaintenancePlanned>;
}

export function createMaintenancePlanActivities({
  catalog,
  definitions,
}: ActivityDependencies): MaintenancePlanActivities {
  return {
    async planMaintenance({ project, now: given }) {
      const { manifest } = await definitions.current(project);
      const tables = await catalog.tables.list(project);
      const of = (kind: MaintainedTableName['kind']): readonly MaintainedTableName[] =>
        tables.filter((table) => table.kind === kind).map(({ name, version }) => ({ kind, name, version }));
      // an instant to come would call rows old that are not
      const clock = clockNow();
      const now = given === undefined ? clock : requireInstant(given, 'now');
      return {
        definitions: manifest.fingerprint,
        now: formatInstant(now < clock ? now : clock),
        sources: of('source'),
        views: of('view'),
      };
    },
  };
}
