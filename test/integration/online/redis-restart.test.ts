/** A Redis that is restarted and keeps what it holds costs a read time, and no answer. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { startRedis, type TestRedis } from './redis-server.ts';

const PATIENT_MILLIS = 50_000;

let server: TestRedis;
let client: RedisClient;
beforeAll(async () => {
  server = await startRedis({ isKept: true });
  client = openRedisClient({ url: server.url, readDeadlineMillis: PATIENT_MILLIS });
});
afterAll(async () => {
  await client?.close();
  await server?.remove();
});
beforeEach(async () => {
  await client.claim('a', 'kept');
});

const values = async (): Promise<readonly unknown[]> =>
  (await client.read(['a', 'b'])).map((value) => value?.toString());

it('a read whose connection is lost under it is answered over the next one', async () => {
  await values();
  server.pause();
  const reading = values();
  await server.kill();
  await server.start();
  expect(await reading).toEqual(['kept', undefined]);
});

it('a read that comes while Redis is away is answered when it is back', async () => {
  await server.kill();
  const reading = values();
  await server.start();
  expect(await reading).toEqual(['kept', undefined]);
});

it('what Redis itself refuses is not asked again', async () => {
  await expect(client.read([])).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringContaining('wrong number of arguments') as string,
  });
});

it('a read gives up at its deadline while Redis stays away', async () => {
  await server.kill();
  await expect(client.read(['a'], 50)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  await server.start();
});
