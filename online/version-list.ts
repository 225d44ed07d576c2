/** The versions of online views: those that the definitions have, and older ones that Redis still holds. */
import type { IntervalLedger, OnlinePosition } from '../catalog/catalog.ts';
import type { Manifest } from '../contracts/manifest.ts';
import { readHeldVersions } from './held-versions.ts';
import type { RedisClient } from './redis-client.ts';

export interface ListedVersion {
  readonly view: string;
  readonly fingerprint: string;
  /**
   * `complete`, `lost` with the content of Redis, or `waiting` for its first materialization; `old` when the definitions have another
   * version by now, or none.
   */
  readonly state: 'complete' | 'lost' | 'waiting' | 'old';
  /** What the catalog says; null before the first materialization. */
  readonly position: Omit<OnlinePosition, 'epoch'> | null;
}

/** By view, the present version first. Throws `REDIS_UNAVAILABLE`. */
export async function listVersions(
  stores: { readonly intervals: Pick<IntervalLedger, 'onlinePositions'>; readonly redis: RedisClient },
  { project, views }: Pick<Manifest, 'project' | 'views'>,
): Promise<readonly ListedVersion[]> {
  const recorded = await stores.intervals.onlinePositions(project);
  const held = await readHeldVersions(stores, project);
  const isSame = (left: { view: string; fingerprint: string }, right: { view: string; fingerprint: string }) =>
    left.view === right.view && left.fingerprint === right.fingerprint;
  const present = views
    .filter((view) => view.kind === 'feature' && view.online)
    .map(({ name, fingerprint }): ListedVersion => {
      const version = { view: name, fingerprint };
      const record = recorded.find((one) => isSame(one, version));
      if (record === undefined) return { ...version, state: 'waiting', position: null };
      const state = held.some((one) => isSame(one, version)) ? 'complete' : 'lost';
      return { ...version, state, position: positionOf(record) };
    });
  const old = held
    .filter((one) => !present.some((version) => isSame(one, version)))
    .map((one): ListedVersion => {
      const { view, fingerprint } = one;
      return { view, fingerprint, state: 'old', position: positionOf(one) };
    });
  return [...present, ...old].sort((a, b) => (a.view < b.view ? -1 : a.view > b.view ? 1 : 0));
}

function positionOf({ snapshot, to, keys }: OnlinePosition): ListedVersion['position'] {
  return { snapshot, to, keys };
}
