/** `online verify` and `online rebuild`: what somebody changes in Redis is found, named, and made anew. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readOnlineFeatures } from '../../../online/feature-document.ts';
import { raiseFence } from '../../../online/store-content.ts';
import { epochKey, viewKeys } from '../../../online/store-keys.ts';
import { verifyView, type Verification } from '../../../online/verification.ts';
import { viewReader } from '../../../online/view-reader.ts';
import { aggregateFeature, columnFeature, type WorldRow } from '../../world/world.ts';
import { viewNamed } from './named-view.ts';
import {
  commitRows,
  materialize,
  NO_RUNTIME,
  openFixture,
  planOf,
  readDependencies,
  type OnlineFixture,
} from './online-fixture.ts';
import { keysOf, withRawRedis } from './raw-redis.ts';
import { startRedis, type TestRedis } from './redis-server.ts';

const NOON = 1_704_110_400_000_000n;
const HOUR = 3_600_000_000n;
const KEYS = 40;

let server: TestRedis;
let fixture: OnlineFixture;
beforeAll(async () => {
  server = await startRedis();
  return () => server.remove();
});
beforeAll(async () => {
  fixture = await openFixture(server.url);
  return () => fixture.close();
});

const TWO_HOURS = { kind: 'duration', micros: Number(2n * HOUR), resolutionMicros: 60_000_000 } as const;
const VIEWS = {
  asof: viewNamed('latest', { features: [columnFeature('amount', null), columnFeature('price', null)] }),
  aggregate: viewNamed('windows', {
    mode: 'aggregate',
    features: [
      aggregateFeature('n', { function: 'count', column: null, window: { kind: 'all' }, where: [] }),
      aggregateFeature('total', { function: 'sum', column: 'price', window: TWO_HOURS, where: [] }),
    ],
  }),
};
const COLUMNS = { name: Array.from({ length: KEYS }, (_, index) => `k${index}`), code: Array(KEYS).fill(7) };

function rowOf(index: number, sequence: number): WorldRow {
  const values = { amount: BigInt(index), price: index / 8, label: null, flag: null, seen: null, vector: null };
  return {
    keys: [`k${index % KEYS}`, 7n],
    event: NOON + BigInt(sequence),
    created: null,
    sequence: BigInt(sequence),
    values,
  };
}

describe.each(['asof', 'aggregate'] as const)('of an %s view', (mode) => {
  const planned = VIEWS[mode];
  const keys = () => viewKeys(fixture.project, planned.view.name, planned.view.fingerprint);
  const verify = (sample = 1000, seed = 1): Promise<Verification> => verifyView(fixture, { planned, sample, seed });
  const keyOf = (name: string) => Buffer.concat([keys().values, viewReader(planned).keys.encode([name, 7n])]);
  const tamper = <T>(work: Parameters<typeof withRawRedis<T>>[1]) => withRawRedis(server.url, work);
  const served = async () => {
    const { results } = await readOnlineFeatures(readDependencies(fixture), {
      plan: planOf(planned),
      runtime: NO_RUNTIME,
      entities: COLUMNS,
      at: NOON + HOUR,
    });
    return results.slice(2).map(({ values, served_from }) => ({ values, from: [...new Set(served_from)] }));
  };

  beforeAll(() =>
    commitRows(
      fixture,
      planned,
      Array.from({ length: 3 * KEYS }, (_, index) => rowOf(index, index)),
    ),
  );
  beforeEach(async () => {
    await materialize(fixture, planned, NOON + HOUR, { rebuild: true });
  });

  it('nothing is wrong after a materialization, and the memory of an entity is told', async () => {
    const verified = await verify();
    expect(verified).toMatchObject({
      state: 'complete',
      problems: [],
      differences: [],
      sampled: KEYS,
      keys: { redis: KEYS, recorded: KEYS, lake: KEYS, missing: 0, unexpected: 0 },
    });
    const taken = verified.memory!.bytesPerEntity;
    const smallest = await tamper(async (redis) => redis.strlen(keyOf('k1')));
    expect(taken).toBeGreaterThan(smallest + keyOf('k1').length);
    expect(taken).toBeLessThan(1000);
  });

  it('a changed value is found and named, and the sample is the same for the same seed', async () => {
    await tamper(async (redis) => redis.set(keyOf('k3'), (await redis.getBuffer(keyOf('k4')))!));
    const { problems, differences } = await verify();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/values of 40 sampled keys differ from the lake/);
    expect(new Set(differences.map(({ key }) => key.join()))).toEqual(new Set(['k3,7']));
    const seeds = Array.from({ length: 12 }, (_, seed) => seed);
    const found = async (seed: number) => (await verify(3, seed)).problems.length > 0;
    const first = await Promise.all(seeds.map(found));
    expect(await Promise.all(seeds.map(found))).toEqual(first);
    expect(new Set(first)).toEqual(new Set([true, false]));
  });

  it('bytes that are no state are found', async () => {
    await tamper((redis) => redis.set(keyOf('k5'), 'nonsense'));
    expect((await verify()).differences).toEqual([
      { key: ['k5', '7'], feature: null, redis: 'cannot be read', lake: 'has rows' },
    ]);
  });

  it('deleted keys are counted, whatever the sample', async () => {
    await tamper((redis) => redis.del(keyOf('k1'), keyOf('k2')));
    const { keys: counts, problems } = await verify(1);
    expect(counts).toMatchObject({ redis: KEYS - 2, missing: 2, unexpected: 0 });
    expect(problems).toContain('2 keys of the lake are missing in Redis');
    expect(problems).toContain('Redis has 38 keys, the ledger says 40');
  });

  it('added keys are counted and named, whatever the sample', async () => {
    await tamper(async (redis) => redis.set(keyOf('nobody'), (await redis.getBuffer(keyOf('k1')))!));
    const { keys: counts, problems } = await verify(1);
    expect(counts).toMatchObject({ redis: KEYS + 1, missing: 0, unexpected: 1 });
    expect(problems).toContain('1 keys in Redis are not in the lake, such as nobody, 7');
  });

  it('a Redis that came back empty is lost, for the epoch and for the view', async () => {
    await server.kill();
    await server.start();
    await expect.poll(() => fixture.redis.ping()).toBe(true);
    expect((await verify()).problems).toEqual([expect.stringMatching(/^Redis has lost its content \(no epoch\)/)]);
    await tamper((redis) => redis.set(epochKey(fixture.project), 'another'));
    expect(await verify()).toMatchObject({ state: 'lost', keys: null, problems: [expect.stringMatching(/no marker/)] });
  });

  it('a run that is at work, or was left, is said to be', async () => {
    const epoch = await tamper((redis) => redis.get(epochKey(fixture.project)));
    await raiseFence(fixture.redis, fixture.project, keys(), epoch!, { snapshot: 1, to: NOON + 2n * HOUR });
    expect(await verify()).toMatchObject({ state: 'unfinished', problems: [expect.stringMatching(/verify again/)] });
    await materialize(fixture, planned, NOON + 3n * HOUR);
    expect(await verify()).toMatchObject({ state: 'complete', problems: [] });
  });

  it('a rebuild heals all of it at the same position, where a materialization sees nothing to do', async () => {
    const right = await served();
    await tamper(async (redis) => {
      await redis.set(keyOf('k3'), (await redis.getBuffer(keyOf('k4')))!);
      await redis.set(keyOf('k5'), 'nonsense');
      await redis.set(keyOf('nobody'), (await redis.getBuffer(keyOf('k1')))!);
      await redis.del(keyOf('k7'));
    });
    const before = await verify();
    expect(before.problems).toHaveLength(3);
    await materialize(fixture, planned, NOON + HOUR);
    expect((await verify()).problems).toEqual(before.problems);
    const rebuilt = await materialize(fixture, planned, NOON + HOUR, { rebuild: true });
    expect(rebuilt).toMatchObject({ written: KEYS, unchanged: 0, keys: KEYS });
    expect(await verify()).toMatchObject({ problems: [], position: before.position });
    expect(await tamper((redis) => keysOf(redis, keys().values))).toHaveLength(KEYS);
    expect(await served()).toEqual(right);
  });

  it('a rebuild that is interrupted leaves the view unavailable, and the next run fills it', async () => {
    const stopped = new AbortController();
    const broken = {
      ...fixture,
      redis: {
        ...fixture.redis,
        pages: async function* (prefix: Buffer) {
          for await (const page of fixture.redis.pages(prefix)) {
            yield page.slice(0, 5);
            stopped.abort();
          }
        },
      },
    };
    await expect(
      materialize(broken, planned, NOON + HOUR, { rebuild: true, signal: stopped.signal }),
    ).rejects.toThrow();
    expect(await verify()).toMatchObject({ state: 'lost' });
    const cut = await readOnlineFeatures(readDependencies(fixture), {
      plan: planOf(planned),
      runtime: NO_RUNTIME,
      entities: COLUMNS,
      at: NOON + HOUR,
    });
    expect(new Set(cut.results[2]!.statuses)).toEqual(new Set(['UNAVAILABLE']));
    await materialize(fixture, planned, NOON + 4n * HOUR);
    expect(await verify()).toMatchObject({ state: 'complete', problems: [], keys: { redis: KEYS, recorded: KEYS } });
  });
});

it('a view that was never materialized has nothing to be wrong', async () => {
  const planned = viewNamed('later');
  expect(await verifyView(fixture, { planned, sample: 10, seed: 1 })).toMatchObject({ state: 'never', problems: [] });
});
