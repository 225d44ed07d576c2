/** What Redis holds of a row, for how long, and how little it takes to read it. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { clockNow, MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../contracts/time.ts';
import type { PlannedView } from '../../../contracts/plan.ts';
import { createAsofCodec } from '../../../online/asof-state.ts';
import { createKeyEncoder } from '../../../online/entity-key.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
import type { RedisClient } from '../../../online/redis-client.ts';
import { epochKey, viewKeys } from '../../../online/store-keys.ts';
import { aggregateFeature, type WorldRow } from '../../world/world.ts';
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

const NOON = 1_704_110_400_000_000n;

let fixture: OnlineFixture;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

function row(event: bigint, created: bigint | null, sequence: bigint): WorldRow {
  const values = { amount: sequence, price: null, label: 'x', flag: null, seen: null, vector: null };
  return { keys: ['a', 1n], event, created, sequence, values };
}

/** Where Redis holds the value of the key of `row`. */
function redisKey({ view }: PlannedView): Buffer {
  const key = createKeyEncoder(view.keys.map(({ type }) => type)).encode(['a', 1n]);
  return Buffer.concat([viewKeys(fixture.project, view.name, view.fingerprint).values, key]);
}

async function askRedis(command: string, key: Buffer): Promise<number> {
  const text = `return redis.call('${command}', KEYS[1])`;
  const sha1 = createHash('sha1').update(text).digest('hex');
  return Number(await fixture.redis.evaluate({ text, sha1 }, [key], []));
}

it('holds the order of the greatest row of the lake: event, created and sequence', async () => {
  const planned = viewNamed('ordered', { hasCreated: true });
  const greatest = row(NOON, NOON + 7n, 4n);
  await commitRows(fixture, planned, [
    row(NOON, NOON + 7n, 3n),
    greatest,
    row(NOON, null, 9n),
    row(NOON - 1n, null, 10n),
  ]);
  await materialize(fixture, planned, NOON);
  const [bytes] = await fixture.redis.read([redisKey(planned)]);
  const { event, created, sequence } = greatest;
  expect(createAsofCodec(planned.view, planned.source).decode(bytes!).order).toEqual({ event, created, sequence });
});

describe('a value is kept', () => {
  it('for its ttl and a day from its write, however old its event is', async () => {
    const planned = viewNamed('mortal', { ttlMicros: MICROS_PER_HOUR });
    await commitRows(fixture, planned, [row(NOON, null, 1n)]);
    await materialize(fixture, planned, NOON + 1n);
    const life = (MICROS_PER_HOUR + MICROS_PER_DAY) / 1000;
    const left = await askRedis('PTTL', redisKey(planned));
    expect(left).toBeLessThanOrEqual(life);
    expect(left).toBeGreaterThan(life - 60_000);
  });

  it.each([
    ['without a ttl', viewNamed('immortal')],
    [
      'in windows',
      viewNamed('tiles', {
        mode: 'aggregate',
        features: [aggregateFeature('n', { function: 'count', column: null, window: { kind: 'all' }, where: [] })],
      }),
    ],
  ])('for ever %s', async (_title, planned) => {
    await commitRows(fixture, planned, [row(NOON, null, 1n)]);
    await materialize(fixture, planned, NOON + 1n);
    expect(await askRedis('PTTL', redisKey(planned))).toBe(-1);
  });
});

describe('a read', () => {
  it('of several entities and views is one round trip, with the epoch in it', async () => {
    const views = ['first', 'second'].map((name) => viewNamed(name));
    for (const planned of views) {
      await commitRows(fixture, planned, [row(NOON, null, 1n)]);
      await materialize(fixture, planned, NOON);
    }
    const reads: (readonly (Buffer | string)[])[] = [];
    const counting: RedisClient = {
      ...fixture.redis,
      read: (keys) => {
        reads.push(keys);
        return fixture.redis.read(keys);
      },
    };
    const plans = views.map(planOf);
    const { features } = await readOnlineVectors(
      { ...readDependencies(fixture), redis: counting },
      {
        plan: { ...plans[0]!, views, columns: plans.flatMap(({ columns }) => columns) },
        runtime: NO_RUNTIME,
        entities: { name: ['a', 'b', 'c'], code: [1, 1, 1] },
        at: NOON,
      },
    );
    expect(features.map(({ cells }) => cells.map(({ status }) => status))).toEqual([
      ['PRESENT', 'MISSING', 'MISSING'],
      ['PRESENT', 'DEFAULT', 'DEFAULT'],
      ['PRESENT', 'MISSING', 'MISSING'],
      ['PRESENT', 'DEFAULT', 'DEFAULT'],
    ]);
    expect(reads).toHaveLength(1);
    expect(reads[0]).toContain(epochKey(fixture.project));
    expect(reads[0]).toHaveLength(1 + 2 + 2 * 3);
  });

  it('without an instant is at the clock', async () => {
    const planned = viewNamed('clocked');
    const before = clockNow();
    const { at } = await readOnlineVectors(readDependencies(fixture), {
      plan: planOf(planned),
      runtime: NO_RUNTIME,
      entities: { name: ['a'], code: [1] },
    });
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(clockNow());
  });
});
