/** What a view's values take in Redis. */
import type { RedisClient } from './redis-client.ts';
import type { ViewKeys } from './store-keys.ts';

export interface ViewMemory {
  /** Of one entity on average: its key and value, and its places in the tables of keys and of expiries. */
  readonly bytesPerEntity: number;
  /** Of the view, however many entities it has. */
  readonly fixedBytes: number;
  /** Entities that were measured. */
  readonly measured: number;
}

/** A table of keys has one to two pointers for each, and a key that expires has an entry in a second table. */
const TABLE_SLOT_BYTES = 12;
const EXPIRY_ENTRY_BYTES = 24 + TABLE_SLOT_BYTES;

/** Null when there is nothing to measure. */
export async function measureMemory(
  redis: RedisClient,
  sample: readonly Buffer[],
  { keys, mayLapse }: { readonly keys: ViewKeys; readonly mayLapse: boolean },
): Promise<ViewMemory | null> {
  const sizes = (await redis.memory(sample)).filter((size) => size !== null);
  if (sizes.length === 0) return null;
  const fixed = await redis.memory([keys.marker, keys.fence].map((key) => Buffer.from(key)));
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  return {
    bytesPerEntity: Math.round(mean + TABLE_SLOT_BYTES + (mayLapse ? EXPIRY_ENTRY_BYTES : 0)),
    fixedBytes: fixed.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    measured: sizes.length,
  };
}
