/** Which rows Redis holds of a view, all of it read at one instant. */
import { comparePositions, decodePosition, type Position } from './position.ts';
import { script } from './redis-scripts.ts';
import type { RedisClient } from './redis-client.ts';
import type { ViewKeys } from './store-keys.ts';
import { decodeOffsets, type StreamOffsets } from './stream-offsets.ts';

export interface HeldPosition {
  /** Of the last complete materialization. */
  readonly marker: Position | undefined;
  /** Whether no other one has begun since. */
  readonly isAtRest: boolean;
  /** How far a stream has come that goes on from the marker; undefined where none does. */
  readonly offsets: StreamOffsets | undefined;
}

/** KEYS: marker, fence, stream. */
const POSITION_SCRIPT = script(`
return { redis.call('GET', KEYS[1]) or '', redis.call('GET', KEYS[2]) or '', redis.call('HGETALL', KEYS[3]) }
`);

/** Throws `REDIS_UNAVAILABLE`. */
export async function readHeldPosition(redis: RedisClient, keys: ViewKeys): Promise<HeldPosition> {
  const answer = await redis.evaluate(POSITION_SCRIPT, [keys.marker, keys.fence, keys.stream], []);
  const [marker, fence, stream] = answer as readonly [Buffer, Buffer, readonly Buffer[]];
  const place = stream.findIndex((field, index) => index % 2 === 0 && field.toString() === 'position');
  const isContinued = place >= 0 && stream[place + 1]!.equals(marker);
  return {
    marker: positionOf(marker),
    isAtRest: marker.length > 0 && marker.equals(fence),
    offsets: isContinued ? decodeOffsets(stream) : undefined,
  };
}

/** Whether these are the rows of that materialization, and of a stream that goes on from it, but of no later one. */
export function isOf({ marker, isAtRest }: HeldPosition, position: Position): boolean {
  return isAtRest && marker !== undefined && comparePositions(marker, position) === 0;
}

function positionOf(bytes: Buffer): Position | undefined {
  return bytes.length === 0 ? undefined : decodePosition(bytes);
}
