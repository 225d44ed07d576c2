/** Faults 14 of the reliability table, and what a server does when more is asked than it can do, and when it ends. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../../api/server.ts';
import { AT, openServedStore, readAmounts, readMetric, USERS, type ServedStore } from './served-store.ts';

let served: ServedStore;
let server: RunningServer;
beforeAll(async () => {
  served = await openServedStore();
  server = await served.serve();
}, 300_000);
afterAll(() => served?.close());

const SERVED = { status: 200, values: USERS.map((user) => user * 10), statuses: USERS.map(() => 'PRESENT') };
const UNAVAILABLE = { status: 200, values: USERS.map(() => null), statuses: USERS.map(() => 'UNAVAILABLE') };
/** Of what a busy machine takes its time for: no wait of these tests may end by it. */
const PATIENT = '60s';

describe('14: while serving', () => {
  beforeEach(() => expect.poll(() => readAmounts(server, { at: AT })).toMatchObject(SERVED));
  afterEach(() => served.redis.resume());

  it('a Redis that stands still makes values unavailable at their deadline, and nothing else waits for it', async () => {
    served.redis.pause();
    const answered: string[] = [];
    const note = async <T>(name: string, answer: Promise<T>): Promise<T> => {
      const given = await answer;
      answered.push(name);
      return given;
    };
    const held = note('held', readAmounts(server, { deadline: PATIENT }));
    const impatient = Array.from({ length: 50 }, () => readAmounts(server, { deadline: '100ms' }));
    const health = note('health', fetch(`${server.url}/health`));
    expect((await health).status).toBe(200);
    for (const answer of await Promise.all(impatient)) expect(answer).toMatchObject(UNAVAILABLE);
    // without a deadline of its own a read has that of Redis
    expect(await note('default', readAmounts(server))).toMatchObject(UNAVAILABLE);
    expect(answered).toEqual(['health', 'default']);
    served.redis.resume();
    await held;
    await expect.poll(() => readAmounts(server)).toMatchObject(SERVED);
  });

  it('a read waits for Redis as long as its request says', async () => {
    served.redis.pause();
    const held = readAmounts(server, { deadline: PATIENT });
    await sleep(1000);
    served.redis.resume();
    expect(await held).toMatchObject(SERVED);
  });

  it('a Redis that refuses writes is read, and is written again once it takes them', async () => {
    await configure('maxmemory 1');
    await expect(served.store.materialize(['last_purchase'])).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      retryable: true,
    });
    expect(await readAmounts(server)).toMatchObject(SERVED);
    await configure('maxmemory 0');
    await served.store.materialize(['last_purchase']);
    expect(await readAmounts(server)).toMatchObject(SERVED);
  });

  it('a Redis that is gone, and one that came back empty, make values unavailable until they are there again', async () => {
    await served.redis.kill();
    expect(await readAmounts(server)).toMatchObject(UNAVAILABLE);
    await served.redis.start();
    expect(await readAmounts(server, { deadline: PATIENT })).toMatchObject(UNAVAILABLE);
    await expect
      .poll(() =>
        served.store.materialize(['last_purchase']).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect.poll(() => readAmounts(server)).toMatchObject(SERVED);
  });
});

/** Says something to Redis by hand. */
async function configure(setting: string): Promise<void> {
  const socket = connect(served.redis.url);
  socket.write(`CONFIG SET ${setting}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  expect(answer.toString()).toBe('+OK\r\n');
}

describe('a deadline', () => {
  it.each(['soon', '0ms', '2h', '-5ms'])('of %s is refused', async (deadline) => {
    expect(await readAmounts(server, { deadline })).toMatchObject({ status: 400, code: 'INVALID_VALUE' });
  });
});

describe('under load', () => {
  it('reads beyond the places are refused at once, with 503 and when to come again, and counted', async () => {
    const small = await served.serve({ online: { most: 1, mostQueued: 1 } });
    expect(await readAmounts(small)).toMatchObject(SERVED);
    served.redis.pause();
    try {
      const first = readAmounts(small, { deadline: PATIENT });
      await expect.poll(() => readMetric(small, 'asof_work_under_way{work="online reads"}')).toBe(1);
      const second = readAmounts(small, { deadline: PATIENT });
      await expect.poll(() => readMetric(small, 'asof_work_queued{work="online reads"}')).toBe(1);
      const refused = await readAmounts(small, { deadline: PATIENT });
      expect(refused).toMatchObject({ status: 503, code: 'OVERLOADED' });
      expect(refused.headers.get('retry-after')).toBe('1');
      served.redis.resume();
      expect([await first, await second]).toMatchObject([SERVED, SERVED]);
      expect(await readMetric(small, 'asof_work_refused_total{work="online reads"}')).toBe(1);
    } finally {
      served.redis.resume();
    }
  });

  it('reads of the lake have places of their own, and take none of the others', async () => {
    const small = await served.serve({ lake: { most: 1, mostQueued: 0 } });
    const past = { at: '2024-01-01T00:00:00Z', deadline: PATIENT };
    const answers = await Promise.all(Array.from({ length: 8 }, () => readAmounts(small, past)));
    const codes = answers.map(({ status }) => status);
    expect(codes).toContain(200);
    expect(codes).toContain(503);
    for (const answer of answers.filter(({ status }) => status === 503)) expect(answer.code).toBe('OVERLOADED');
    expect(await readAmounts(small)).toMatchObject(SERVED);
    expect(await readMetric(small, 'asof_work_refused_total{work="online reads"}')).toBe(0);
  });
});

describe('a server that ends', () => {
  it('says that it is not ready and answers on, and at the end answers what is under way', async () => {
    const ending = await served.serve();
    expect(await readAmounts(ending)).toMatchObject(SERVED);
    const readiness = `${ending.url}/ready?of=catalog,redis`;
    expect((await fetch(readiness)).status).toBe(200);
    ending.drain();
    const ready = await fetch(readiness);
    expect([ready.status, await ready.json()]).toMatchObject([503, { ready: false, draining: true }]);
    expect(await readAmounts(ending)).toMatchObject(SERVED);

    served.redis.pause();
    try {
      const held = readAmounts(ending, { deadline: PATIENT });
      await expect.poll(() => readMetric(ending, 'asof_work_under_way{work="online reads"}')).toBe(1);
      const closed = ending.close();
      await expect
        .poll(() =>
          fetch(`${ending.url}/health`).then(
            () => 'answered',
            () => 'refused',
          ),
        )
        .toBe('refused');
      served.redis.resume();
      expect(await held).toMatchObject(SERVED);
      await closed;
    } finally {
      served.redis.resume();
    }
  });
});
