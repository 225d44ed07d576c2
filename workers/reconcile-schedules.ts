/** Makes the schedules on the server those that definitions declare. */
import type { Client } from '@temporalio/client';
import type { Manifest } from '../contracts/manifest.ts';
import { declaredSchedules } from '../definitions/declared-schedules.ts';
import { awaitListed, declaredName, deleteSchedule, isDeclared, listNames, setSchedule } from './schedules.ts';

export interface ReconciledSchedules {
  readonly created: readonly string[];
  /** Set again, changed or not: one that somebody changed on the server is as declared afterwards. */
  readonly set: readonly string[];
  readonly deleted: readonly string[];
}

/**
 * Creates, changes and deletes declared schedules; those made by hand are left alone, and a paused one stays paused. May be
 * repeated, and repairs what an interrupted call left. `before` are the definitions that were applied last, if any: the
 * server's list may be a second old. Throws `TEMPORAL_UNAVAILABLE`.
 */
export async function reconcileSchedules(
  client: Client,
  manifest: Manifest,
  before?: Manifest,
): Promise<ReconciledSchedules> {
  const { project } = manifest;
  const declared = declaredSchedules(manifest);
  const [created, set, deleted]: [string[], string[], string[]] = [[], [], []];
  for (const { name: own, work, times } of declared) {
    const name = declaredName(own);
    const outcome = await setSchedule(client, { project, name }, { work, times });
    (outcome === 'created' ? created : set).push(name);
  }
  const wanted = new Set([...created, ...set]);
  const earlier = before === undefined ? [] : declaredSchedules(before).map(({ name }) => declaredName(name));
  const listed = (await listNames(client, project)).filter(isDeclared);
  for (const name of new Set([...earlier, ...listed])) {
    if (wanted.has(name)) continue;
    if (await deleteSchedule(client, { project, name })) deleted.push(name);
  }
  await awaitListed(client, project, { present: created, absent: deleted });
  return { created, set, deleted };
}
