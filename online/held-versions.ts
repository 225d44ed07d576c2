/** Which versions of views Redis holds whole: what the catalog records of them, compared with what Redis says. */
import type { IntervalLedger, LedgerKey, OnlinePosition } from '../catalog/catalog.ts';
import { comparePositions, decodePosition, type Position } from './position.ts';
import type { RedisClient } from './redis-client.ts';
import { isContentComplete, REMOVAL_FENCE } from './store-content.ts';
import { epochKey, viewKeys } from './store-keys.ts';

export type HeldVersion = LedgerKey & OnlinePosition;

/** Without those that are being removed. Throws `REDIS_UNAVAILABLE` when Redis does not answer in time. */
export async function readHeldVersions(
  { intervals, redis }: { readonly intervals: Pick<IntervalLedger, 'onlinePositions'>; readonly redis: RedisClient },
  project: string,
): Promise<readonly HeldVersion[]> {
  const recorded = await intervals.onlinePositions(project);
  if (recorded.length === 0) return [];
  const keys = recorded.map(({ view, fingerprint }) => viewKeys(project, view, fingerprint));
  const wanted = [epochKey(project), ...keys.flatMap(({ marker, fence }) => [marker, fence])];
  const [epoch, ...answers] = await redis.read(wanted);
  return recorded.filter((version, index) => {
    const [marker, fence] = answers.slice(2 * index, 2 * index + 2).map(positionOf);
    const isLeaving = fence !== undefined && comparePositions(fence, REMOVAL_FENCE) === 0;
    return !isLeaving && isContentComplete(version, epoch?.toString(), marker);
  });
}

function positionOf(bytes: Buffer | null): Position | undefined {
  return bytes ? decodePosition(bytes) : undefined;
}
