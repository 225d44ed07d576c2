/** A connection past the library: what somebody else does to the content of Redis. */
import { Redis } from 'ioredis';
import { projectPrefix } from '../../../online/store-keys.ts';

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
  const literal = [...Buffer.from(prefix)].flatMap((byte) => ['\\'.charCodeAt(0), byte]);
  return (await redis.callBuffer('KEYS', Buffer.from([...literal, '*'.charCodeAt(0)]))) as readonly Buffer[];
}

/** The keys of the values of all views of a project. */
export async function valueKeysOf(redis: Redis, project: string): Promise<readonly Buffer[]> {
  const [slot] = /\{.*\}/.exec(projectPrefix(project))!;
  return keysOf(redis, slot);
}

/** Removes the keys that begin with the prefix; answers how many. */
export async function removeKeys(url: string, prefix: Buffer | string): Promise<number> {
  return withRawRedis(url, async (redis) => {
    const keys = await keysOf(redis, prefix);
    return keys.length === 0 ? 0 : redis.del(...keys);
  });
}
