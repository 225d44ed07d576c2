/** Writes inside Redis: whatever order, however often and from however many writers they come, a key never goes back. */
import type { SequenceRange } from '../../../contracts/lake.ts';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRowOrder, type RowOrder } from '../../../aggregates/row-order.ts';
import { createAggregateCodec } from '../../../online/aggregate-state.ts';
import { createAsofCodec } from '../../../online/asof-state.ts';
import { comparePositions, type Position } from '../../../online/position.ts';
import { openRedisClient, ScriptRefusal, type RedisClient } from '../../../online/redis-client.ts';
import { createStateWriter, type WriteScope } from '../../../online/state-writer.ts';
import { ensureEpoch, raiseFence } from '../../../online/store-content.ts';
import { viewKeys } from '../../../online/store-keys.ts';
import { testStack, uniqueName } from '../../support/stack.ts';
import { aggregateFeature, columnFeature, planView } from '../../world/world.ts';
import { removeKeys, withRawRedis } from './raw-redis.ts';

const planned = planView({
  mode: 'asof',
  ttlMicros: null,
  delayMicros: 0,
  hasCreated: true,
  features: [columnFeature('amount', null)],
});
const codec = createAsofCodec(planned.view, planned.source);

let redis: RedisClient;
beforeAll(() => {
  redis = openRedisClient({ url: testStack().redisUrl, readDeadlineMillis: 5000 });
});
afterAll(() => redis.close());

async function openScope(
  removed: readonly SequenceRange[] = [],
  position: Position | null = null,
): Promise<WriteScope> {
  const project = uniqueName('order');
  const epoch = await ensureEpoch(redis, project);
  return { redis, project, keys: viewKeys(project, 'latest', 'print'), epoch, position, lifeMillis: 0, removed };
}

const KEY = Buffer.from('=key');

async function write(scope: WriteScope, states: readonly (Uint8Array | null)[]) {
  const writer = createStateWriter(scope);
  for (const state of states) await writer.write(KEY, state);
  return writer.finish();
}

async function storedOrder({ keys }: WriteScope): Promise<RowOrder | undefined> {
  const [bytes] = await redis.read([Buffer.concat([keys.values, KEY])]);
  return bytes ? codec.decode(bytes).order : undefined;
}

const stateOf = (order: RowOrder): Uint8Array => codec.encode({ order, values: [order.sequence] });

/** Close to each other, and around every edge of the narrow and wide forms. */
const instant = fc.oneof(
  fc.bigInt(-3n, 3n),
  fc.bigInt(-2n, 2n).map((near) => 2n ** 32n + near),
  fc.bigInt(-2n, 2n).map((near) => 2n ** 53n + near),
  fc.bigInt(-2n, 2n).map((near) => near - 2n ** 53n),
  fc.constantFrom(-62_135_596_800_000_000n, 253_402_300_799_999_999n),
);
const order: fc.Arbitrary<RowOrder> = fc.record({
  // often the same, so that created and sequence decide between narrow and wide forms
  event: fc.oneof(fc.constant(0n), instant),
  created: fc.option(instant, { nil: null }),
  sequence: fc.oneof(
    fc.bigInt(0n, 3n),
    fc.bigInt(-2n, 2n).map((near) => 2n ** 32n + near),
    fc.bigInt(2n ** 62n, 2n ** 63n - 1n),
  ),
});

const greatestOf = (orders: readonly RowOrder[]): RowOrder =>
  orders.reduce((best, candidate) => (compareRowOrder(candidate, best) > 0 ? candidate : best));

describe('rows', () => {
  it('leave the greatest one, however they are shuffled, repeated and raced', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(order, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 3 }),
        async (orders, writers) => {
          const scope = await openScope();
          await Promise.all(
            Array.from({ length: writers }, (_, turn) =>
              write(scope, [...orders.slice(turn), ...orders, ...orders.slice(0, turn)].map(stateOf)),
            ),
          );
          expect(await storedOrder(scope)).toEqual(greatestOf(orders));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('say which keys they wrote', async () => {
    const scope = await openScope();
    const [older, newer] = [1n, 2n].map((sequence) => stateOf({ event: 0n, created: null, sequence }));
    expect(await write(scope, [newer!])).toEqual({ written: 1, unchanged: 0, added: 1, deleted: 0 });
    expect(await write(scope, [newer!, older!])).toEqual({ written: 0, unchanged: 2, added: 0, deleted: 0 });
  });

  it('give way to any other once their sequence was removed', async () => {
    await fc.assert(
      fc.asyncProperty(order, order, fc.array(order, { maxLength: 4 }), async (stored, coming, others) => {
        const scope = await openScope();
        await write(scope, [stateOf(stored)]);
        const removed = [stored, ...others].map(({ sequence }) => ({ start: sequence, end: sequence + 1n }));
        await write({ ...scope, removed }, [stateOf(coming)]);
        expect(await storedOrder(scope)).toEqual(coming);
      }),
      { numRuns: 100 },
    );
  });

  it('are deleted only when the stored one was removed', async () => {
    const scope = await openScope();
    await write(scope, [stateOf({ event: 0n, created: null, sequence: 7n })]);
    expect(await write({ ...scope, removed: [{ start: 0n, end: 7n }] }, [null])).toMatchObject({ deleted: 0 });
    expect(await write({ ...scope, removed: [{ start: 7n, end: 8n }] }, [null])).toMatchObject({ deleted: 1 });
    expect(await storedOrder(scope)).toBeUndefined();
  });

  it('are written in many batches at once and all counted', async () => {
    const scope = await openScope();
    const writer = createStateWriter(scope);
    for (let entity = 0; entity < 5000; entity += 1) {
      await writer.write(Buffer.from(`=${entity}`), stateOf({ event: 0n, created: null, sequence: BigInt(entity) }));
    }
    expect(await writer.finish()).toEqual({ written: 5000, unchanged: 0, added: 5000, deleted: 0 });
    expect(await removeKeys(testStack().redisUrl, scope.keys.values)).toBe(5000);
  });
});

describe('a batch', () => {
  it('tells new keys from known ones, in any mixture, and gives both their life, though Redis forgot the script', async () => {
    const lifeMillis = 60_000;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), async (known) => {
        const scope = { ...(await openScope()), lifeMillis };
        const writeKeys = async (which: (entity: number) => boolean, sequence: bigint) => {
          const writer = createStateWriter(scope);
          for (const entity of known.keys()) {
            const state = stateOf({ event: 0n, created: null, sequence });
            if (which(entity)) await writer.write(Buffer.from(`=${entity}`), state);
          }
          return writer.finish();
        };
        const held = known.filter((isKnown) => isKnown).length;
        await writeKeys((entity) => known[entity] === true, 1n);
        await withRawRedis(testStack().redisUrl, (raw) => raw.script('FLUSH'));
        const counts = await writeKeys(() => true, 2n);
        expect(counts).toEqual({ written: known.length, unchanged: 0, added: known.length - held, deleted: 0 });
        const keys = known.map((_, entity) => Buffer.concat([scope.keys.values, Buffer.from(`=${entity}`)]));
        const lives = await withRawRedis(testStack().redisUrl, (raw) => Promise.all(keys.map((key) => raw.pttl(key))));
        for (const life of lives) expect(life).toSatisfy((left: number) => left > 0 && left <= lifeMillis);
      }),
      { numRuns: 20 },
    );
  });
});

describe('aggregate states', () => {
  const window = { kind: 'all' } as const;
  const counts = planView({
    mode: 'aggregate',
    ttlMicros: null,
    delayMicros: 0,
    hasCreated: false,
    features: [aggregateFeature('n', { function: 'count', column: null, window, where: [] })],
  });
  const aggregates = createAggregateCodec(counts.view, counts.source);
  const stateAt = (position: Position): Uint8Array => {
    const builder = aggregates.start();
    builder.add({ event: 0n, created: null, sequence: 0n }, []);
    return builder.encode(position);
  };
  const position: fc.Arbitrary<Position> = fc.record({ snapshot: fc.integer({ min: 1, max: 3 }), to: instant });

  it('leave the one of the newest position, however they are shuffled, repeated and raced', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(position, { minLength: 1, maxLength: 10 }), async (positions) => {
        const scope = await openScope();
        const states = positions.map(stateAt);
        await Promise.all([write(scope, states), write(scope, states.toReversed())]);
        const [bytes] = await redis.read([Buffer.concat([scope.keys.values, KEY])]);
        const newest = positions.reduce((best, one) => (comparePositions(one, best) > 0 ? one : best));
        expect(aggregates.decode(bytes!).position).toEqual(newest);
      }),
      { numRuns: 100 },
    );
  });

  it('are deleted by a newer run only', async () => {
    const scope = await openScope();
    await write(scope, [stateAt({ snapshot: 2, to: 5n })]);
    expect(await write({ ...scope, position: { snapshot: 1, to: 9n } }, [null])).toMatchObject({ deleted: 0 });
    expect(await write({ ...scope, position: { snapshot: 2, to: 6n } }, [null])).toMatchObject({ deleted: 1 });
  });
});

describe('runs', () => {
  const state = stateOf({ event: 0n, created: null, sequence: 1n });

  it('are refused once a newer one was announced', async () => {
    const scope = await openScope();
    const [older, newer] = [
      { snapshot: 2, to: 5n },
      { snapshot: 2, to: 6n },
    ];
    expect(await raiseFence(redis, scope.project, scope.keys, scope.epoch, older)).toBeUndefined();
    await write({ ...scope, position: older }, [state]);
    expect(await raiseFence(redis, scope.project, scope.keys, scope.epoch, newer)).toEqual(older);
    await expect(write({ ...scope, position: older }, [state])).rejects.toThrow('newer run');
    await expect(raiseFence(redis, scope.project, scope.keys, scope.epoch, older)).rejects.toThrow(ScriptRefusal);
  });

  it('stop when the content of Redis was lost', async () => {
    const scope = await openScope();
    await expect(write({ ...scope, epoch: 'another' }, [state])).rejects.toThrow('content of Redis was lost');
  });
});

it('keeps what it writes as long as it was told', async () => {
  const scope = await openScope();
  await write({ ...scope, lifeMillis: 40 }, [stateOf({ event: 0n, created: null, sequence: 1n })]);
  await expect.poll(() => storedOrder(scope), { timeout: 2000 }).toBeUndefined();
});

it('sends scripts that Redis does not know', async () => {
  const text = `return '${uniqueName()}'`;
  const sha1 = createHash('sha1').update(text).digest('hex');
  expect(String(await redis.evaluate({ text, sha1 }, [], []))).toBe(text.slice(8, -1));
});
