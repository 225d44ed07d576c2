/** A connection past the library: what somebody else does to the content of Redis. */
import { Redis } from 'ioredis';

export async function withRawRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** The keys that begin with the prefix. */
export async function keysOf(redis: Redis, prefix: Buffer | string): Promise<readonly Buffer[]> {
  return redis.keysBuffer(`${prefix.toString()}*`);
}

/** Removes the keys that begin with the prefix; answers how many. */
export async function removeKeys(url: string, prefix: Buffer | string): Promise<number> {
  return withRawRedis(url, async (redis) => {
    const keys = await keysOf(redis, prefix);
    return keys.length === 0 ? 0 : redis.del(...keys);
  });
}
