/** Work that reads the lake and is no durable run. */
import type { ActiveWork } from '../catalog/catalog.ts';
import { withLeases } from './leases.ts';

/** Until it ends nothing that it may read expires, and what was fetched for it stays at hand. */
export function withLakeWork<T>(active: ActiveWork, project: string, work: () => Promise<T>): Promise<T> {
  return withLeases(() => active.during(project, work));
}
