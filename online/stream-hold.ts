/**
 * Holding the streams of a view still while a materialization prepares: what they brought has to be in the lake before
 * the materialization may take over, and at full speed it never is.
 */
import type { RedisClient } from './redis-client.ts';
import { viewKeys } from './store-keys.ts';
import { HOLD_SCRIPT } from './stream-scripts.ts';

/** The version of a view whose values a stream changes. */
export interface StreamedVersion {
  readonly project: string;
  readonly view: string;
  readonly fingerprint: string;
}

/**
 * From now on consumers wait, for so long or until a materialization is complete or the stream is let go. Answers false when
 * no stream has written to the values. Throws `REDIS_UNAVAILABLE`.
 */
export function holdStream(redis: RedisClient, version: StreamedVersion, millis: number): Promise<boolean> {
  return setHold(redis, version, millis);
}

/** Lets consumers go on. Throws `REDIS_UNAVAILABLE`. */
export async function releaseStream(redis: RedisClient, version: StreamedVersion): Promise<void> {
  await setHold(redis, version, 0);
}

async function setHold(
  redis: RedisClient,
  { project, view, fingerprint }: StreamedVersion,
  millis: number,
): Promise<boolean> {
  return (await redis.evaluate(HOLD_SCRIPT, [viewKeys(project, view, fingerprint).stream], [String(millis)])) === 1;
}
