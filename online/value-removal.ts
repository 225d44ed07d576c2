/**
 * Removing the values of a view version, page by page. Each page is removed only while the fence is the caller's, so that what
 * a newer run writes meanwhile stays; the caller then ends with a `ScriptRefusal`.
 */
import { encodePosition, type Position } from './position.ts';
import type { RedisClient } from './redis-client.ts';
import { REMOVE_SCRIPT } from './redis-scripts.ts';
import { epochKey, type ViewKeys } from './store-keys.ts';

export interface ViewContent {
  readonly redis: RedisClient;
  readonly project: string;
  readonly keys: ViewKeys;
  readonly epoch: string;
}

/** Removes all values under the caller's fence; answers how many there were. */
export async function removeValues(content: ViewContent, fence: Position, signal?: AbortSignal): Promise<number> {
  let removed = 0;
  for await (const page of content.redis.pages(content.keys.values)) {
    signal?.throwIfAborted();
    removed += await removeKeys(content, fence, page);
  }
  return removed;
}

/** Removes these keys under the caller's fence; answers how many there were. */
export async function removeKeys(
  { redis, project, keys, epoch }: ViewContent,
  fence: Position,
  page: readonly (Buffer | string)[],
): Promise<number> {
  const names = [epochKey(project), keys.fence, ...page];
  return Number(await redis.evaluate(REMOVE_SCRIPT, names, [epoch, Buffer.from(encodePosition(fence))]));
}
