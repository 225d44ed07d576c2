/** What reads and materializations do when Redis is slow, gone, or empty. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readOnlineFeatures } from '../../../online/feature-document.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { columnFeature, planView, type WorldRow } from '../../world/world.ts';
import {
  commitRows,
  materialize,
  NO_RUNTIME,
  openFixture,
  planOf,
  readDependencies,
  type OnlineFixture,
} from './online-fixture.ts';
import { removeKeys } from './raw-redis.ts';
import { startRedis, type TestRedis } from './redis-server.ts';

const NOON = 1_704_110_400_000_000n;
const DEADLINE_MILLIS = 100;

let server: TestRedis;
let fixture: OnlineFixture;
let impatient: RedisClient;
beforeAll(async () => {
  server = await startRedis();
  return () => server.remove();
});
beforeAll(async () => {
  fixture = await openFixture(server.url);
  await commitRows(fixture, planned, [row]);
  return () => fixture.close();
});
beforeAll(() => {
  impatient = openRedisClient({ url: server.url, readDeadlineMillis: DEADLINE_MILLIS });
  return () => impatient.close();
});

const planned = planView({
  mode: 'asof',
  ttlMicros: null,
  delayMicros: 0,
  hasCreated: false,
  features: [columnFeature('amount', '7')],
});
const row: WorldRow = {
  keys: ['a', 1n],
  event: NOON,
  created: null,
  sequence: 0n,
  values: { amount: 1n, price: null, label: null, flag: null, seen: null, vector: null },
};

async function read() {
  const { results } = await readOnlineFeatures(
    { ...readDependencies(fixture), redis: impatient },
    { plan: planOf(planned), runtime: NO_RUNTIME, entities: { name: ['a', 'b'], code: [1, 1] }, at: NOON },
  );
  return results[2]!;
}

const SERVED = { values: [1, 7], statuses: ['PRESENT', 'DEFAULT'] };
const UNAVAILABLE = { values: [null, null], statuses: ['UNAVAILABLE', 'UNAVAILABLE'] };

describe('a read', () => {
  beforeEach(async () => {
    await materialize(fixture, planned, NOON);
    await expect.poll(read).toMatchObject(SERVED);
  });

  it('gives up at its deadline, without default, and works again when Redis does', async () => {
    server.pause();
    const stalled = await read();
    server.resume();
    expect(stalled).toMatchObject(UNAVAILABLE);
    await expect.poll(read).toMatchObject(SERVED);
  });

  it('says so while Redis is gone, and until an empty one is filled again', async () => {
    await server.kill();
    expect(await read()).toMatchObject(UNAVAILABLE);
    await server.start();
    expect(await impatient.ping().then(() => read())).toMatchObject(UNAVAILABLE);
    await expect.poll(() => impatient.ping()).toBe(true);
    expect(await read()).toMatchObject(UNAVAILABLE);
    expect(await materialize(fixture, planned, NOON)).toMatchObject({ written: 1, keys: 1 });
    expect(await read()).toMatchObject(SERVED);
  });

  it('says so when another view was materialized into the empty Redis first', async () => {
    await server.kill();
    await server.start();
    const other = { ...planned, view: { ...planned.view, name: 'other', fingerprint: 'other' } };
    await expect.poll(() => fixture.redis.ping()).toBe(true);
    await materialize(fixture, other, NOON);
    await expect.poll(() => impatient.ping()).toBe(true);
    expect(await read()).toMatchObject(UNAVAILABLE);
  });
});

describe('a materialization', () => {
  it('fails as one that can be repeated while Redis is gone', async () => {
    await server.kill();
    const client = openRedisClient({ url: server.url, writeDeadlineMillis: 200 });
    await expect(materialize({ ...fixture, redis: client }, planned, NOON)).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      retryable: true,
    });
    await client.close();
    await server.start();
    await expect.poll(() => fixture.redis.ping()).toBe(true);
    expect(await materialize(fixture, planned, NOON)).toMatchObject({ written: 1 });
  });

  it('starts again when Redis lost its content under it', async () => {
    await materialize(fixture, planned, NOON);
    let calls = 0;
    const losing: RedisClient = {
      ...fixture.redis,
      async evaluate(script, keys, values) {
        calls += 1;
        if (calls === 2) await removeKeys(server.url, '');
        return fixture.redis.evaluate(script, keys, values);
      },
    };
    const lost = await materialize({ ...fixture, redis: losing }, planned, NOON + 1n);
    expect(lost).toMatchObject({ written: 1, keys: 1 });
    expect(await read()).toMatchObject(SERVED);
  });

  it('gives way to a newer one', async () => {
    const newer = materialize(fixture, planned, NOON + 20n);
    const overtaken: RedisClient = {
      ...fixture.redis,
      async evaluate(script, keys, values) {
        const answer = await fixture.redis.evaluate(script, keys, values);
        if (values.length === 2) await newer.then(() => materialize(fixture, planned, NOON + 40n));
        return answer;
      },
    };
    await newer;
    await expect(materialize({ ...fixture, redis: overtaken }, planned, NOON + 30n)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(await read()).toMatchObject(SERVED);
  });
});
