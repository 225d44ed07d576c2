/** The least that a read can be: values packed as doubles, one key an item, one MGET, no clock, no status, no time. */
import { Redis } from 'ioredis';

export interface BareStore {
  read(items: readonly number[]): Promise<readonly (readonly number[])[]>;
  close(): Promise<void>;
}

/** By item. */
export async function packBareStore(url: string, values: readonly (readonly number[])[]): Promise<void> {
  const redis = new Redis(url);
  await redis.flushdb();
  for (const [item, row] of values.entries()) await redis.set(keyOf(item), Buffer.from(new Float64Array(row).buffer));
  await redis.quit();
}

export function openBareStore(url: string): BareStore {
  const redis = new Redis(url);
  return {
    async read(items) {
      const found = await redis.mgetBuffer(items.map(keyOf));
      return found.map((packed) => {
        const row: number[] = [];
        for (let at = 0; at < packed!.length; at += 8) row.push(packed!.readDoubleLE(at));
        return row;
      });
    },
    async close() {
      await redis.quit();
    },
  };
}

function keyOf(item: number): string {
  return `bare:${item}`;
}
