/**
 * Which content Redis has. The epoch is random text that lives as long as the content; a view's marker says which
 * position its values are complete for. Both are read together with the values, so a Redis that came back empty, or with
 * an older copy of its data, says so instead of answering with what it no longer knows.
 */
import { randomUUID } from 'node:crypto';
import type { OnlinePosition } from '../catalog/catalog.ts';
import { comparePositions, decodePosition, encodePosition, type Position } from './position.ts';
import type { RedisClient } from './redis-client.ts';
import { RAISE_FENCE_SCRIPT, REPLACE_FENCE_SCRIPT, SET_MARKER_SCRIPT } from './redis-scripts.ts';
import { epochKey, type ViewKeys } from './store-keys.ts';
import { encodeOffsets, type StreamOffsets } from './stream-offsets.ts';

/** The epoch of a project's content; a new one when Redis has none. */
export async function ensureEpoch(redis: RedisClient, project: string): Promise<string> {
  return redis.claim(epochKey(project), randomUUID());
}

/** The position that the view's values are complete for; undefined when Redis does not know the view. */
export async function readMarker(redis: RedisClient, keys: ViewKeys): Promise<Position | undefined> {
  const [marker] = await redis.read([keys.marker]);
  return marker ? decodePosition(marker) : undefined;
}

/** What Redis says of a view: all at one instant. */
export interface Content {
  readonly epoch: string | undefined;
  readonly marker: Position | undefined;
  readonly fence: Position | undefined;
}

export async function readContent(redis: RedisClient, project: string, keys: ViewKeys): Promise<Content> {
  const [epoch, marker, fence] = await redis.read([epochKey(project), keys.marker, keys.fence]);
  const positionOf = (bytes: Buffer | null | undefined) => (bytes ? decodePosition(bytes) : undefined);
  return { epoch: epoch?.toString(), marker: positionOf(marker), fence: positionOf(fence) };
}

/**
 * Announces a run: from now on older runs of this view are refused, and its streams. Answers the position announced before.
 * Throws a `ScriptRefusal` when a newer run was announced already, the content has another epoch, or streams have brought
 * rows beyond `landed`, the end of the run's own.
 */
export async function raiseFence(
  redis: RedisClient,
  project: string,
  keys: ViewKeys,
  epoch: string,
  position: Position,
  landed: StreamOffsets = new Map(),
): Promise<Position | undefined> {
  const before = await redis.evaluate(
    RAISE_FENCE_SCRIPT,
    [epochKey(project), keys.fence, keys.stream],
    [epoch, Buffer.from(encodePosition(position)), ...encodeOffsets(landed)],
  );
  return before instanceof Uint8Array ? decodePosition(before) : undefined;
}

/** Older than the fence of any run: the values are about to be removed, and a run that begins on what is left starts from nothing. */
export const REMOVAL_FENCE: Position = { snapshot: 0, to: -(2n ** 63n) };

/** Announces that the values will be removed. Throws a `ScriptRefusal` when the fence is not the one that was found. */
export async function announceRemoval(
  redis: RedisClient,
  project: string,
  keys: ViewKeys,
  epoch: string,
  found: Position | undefined,
): Promise<void> {
  const before = found === undefined ? '' : Buffer.from(encodePosition(found));
  await redis.evaluate(
    REPLACE_FENCE_SCRIPT,
    [epochKey(project), keys.fence],
    [epoch, before, Buffer.from(encodePosition(REMOVAL_FENCE))],
  );
}

/** Says that the values are complete for the run's position. Only the newest run may. */
export async function setMarker(
  redis: RedisClient,
  project: string,
  keys: ViewKeys,
  epoch: string,
  position: Position,
): Promise<void> {
  await redis.evaluate(
    SET_MARKER_SCRIPT,
    [epochKey(project), keys.fence, keys.marker],
    [epoch, Buffer.from(encodePosition(position))],
  );
}

/**
 * Whether values may be answered. The catalog's record of the last materialization is compared with the marker found in
 * Redis: content that is older than the record was lost. A view that was never materialized has nothing to lose.
 */
export function isContentComplete(
  recorded: OnlinePosition | undefined,
  epoch: string | undefined,
  marker: Position | undefined,
): boolean {
  if (recorded === undefined) return true;
  return epoch !== undefined && marker !== undefined && comparePositions(marker, recorded) >= 0;
}
