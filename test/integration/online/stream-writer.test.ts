/**
 * Fault 15: rows that come out of order, twice, from several writers at once and in stretches cut anywhere leave the values
 * that all rows at once leave.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRowOrder, type RowOrder } from '../../../aggregates/row-order.ts';
import type { PlannedView } from '../../../contracts/plan.ts';
import { createAggregateCodec } from '../../../online/aggregate-state.ts';
import { createAsofCodec } from '../../../online/asof-state.ts';
import { encodePosition, type Position } from '../../../online/position.ts';
import { openRedisClient, type RedisClient } from '../../../online/redis-client.ts';
import { createStateMerger } from '../../../online/state-merger.ts';
import { createStateWriter } from '../../../online/state-writer.ts';
import { ensureEpoch, raiseFence, setMarker } from '../../../online/store-content.ts';
import { epochKey, viewKeys } from '../../../online/store-keys.ts';
import type { StreamOffsets } from '../../../online/stream-offsets.ts';
import { UPDATE_SCRIPT } from '../../../online/stream-scripts.ts';
import { applyEvents, type StreamRow } from '../../../online/stream-writer.ts';
import { openViewStream, START, type ViewStream } from '../../../online/view-stream.ts';
import { testStack, uniqueName } from '../../support/stack.ts';
import { aggregateFeature, columnFeature, planView } from '../../world/world.ts';

const TILES = { kind: 'duration', micros: 40, resolutionMicros: 4 } as const;
const EXACT = { kind: 'duration', micros: 20, resolutionMicros: null } as const;
const options = { ttlMicros: null, delayMicros: 0, hasCreated: true } as const;

const windows = planView({
  ...options,
  mode: 'aggregate',
  features: [
    aggregateFeature('n', { function: 'count', column: null, window: TILES, where: [] }),
    aggregateFeature('total', { function: 'sum', column: 'amount', window: { kind: 'all' }, where: [] }),
    aggregateFeature('newest', { function: 'last', column: 'amount', window: EXACT, where: [] }),
    aggregateFeature('recent', { function: 'lastN', column: 'amount', window: { kind: 'last', count: 3 }, where: [] }),
  ],
});
const latest = planView({ ...options, mode: 'asof', features: [columnFeature('amount', null)] });

let redis: RedisClient;
beforeAll(() => {
  redis = openRedisClient({ url: testStack().redisUrl, readDeadlineMillis: 5000 });
});
afterAll(() => redis.close());

const nothingLanded = async (_: Position | undefined): Promise<StreamOffsets> => new Map();

const open = ({ view, source }: PlannedView, project: string, landed = nothingLanded): Promise<ViewStream> =>
  openViewStream({ redis, project, view, source }, landed);

const mergerOf = ({ view, source }: ViewStream) => createStateMerger(view, source);

/** The values of all rows at once, as a materialization writes them. */
function wholeState(planned: PlannedView, rows: readonly StreamRow[], position: Position): Uint8Array {
  const { view, source } = planned;
  const sorted = rows.toSorted((a, b) => compareRowOrder(a.order, b.order));
  if (view.mode === 'asof') return createAsofCodec(view, source).encode(sorted.at(-1)!);
  const builder = createAggregateCodec(view, source).start();
  for (const { order, values } of sorted) builder.add(order, values);
  return builder.encode(position);
}

async function storedStates({ keys }: ViewStream, names: readonly string[]): Promise<readonly (string | undefined)[]> {
  const bytes = await redis.read(names.map((name) => Buffer.concat([keys.values, Buffer.from(name)])));
  return bytes.map((value) => value?.toString('hex'));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Message {
  readonly partition: number;
  readonly key: string;
  readonly order: Pick<RowOrder, 'event' | 'created'>;
  readonly values: readonly [bigint | null] | null;
}

const message: fc.Arbitrary<Message> = fc.record({
  partition: fc.nat({ max: 1 }),
  key: fc.constantFrom('=a', '=b', '=c'),
  order: fc.record({
    event: fc.bigInt(0n, 60n),
    created: fc.option(fc.bigInt(0n, 3n), { nil: null }),
  }),
  values: fc.option(fc.tuple(fc.option(fc.bigInt(-5n, 5n), { nil: null })), { nil: null, freq: 8 }),
});

/** Offsets count from 100 in steps: compacted topics have gaps. Sequences are a function of partition and offset. */
function partitionRows(messages: readonly Message[], partition: number): readonly StreamRow[] {
  return messages
    .filter((one) => one.partition === partition)
    .map(({ key, order, values }, index) => {
      const offset = 100n + 3n * BigInt(index);
      const sequence = BigInt(partition) * 1_000_000n + offset;
      return { offset, key: Buffer.from(key), order: { ...order, sequence }, values };
    });
}

const BEGIN = 100n;
const begun = async (): Promise<StreamOffsets> =>
  new Map([
    [0, BEGIN],
    [1, BEGIN],
  ]);

/** One consumer of a partition: goes forward by stretches, and now and then back over what it did. */
async function consume(
  stream: ViewStream,
  partition: number,
  rows: readonly StreamRow[],
  stretches: readonly { readonly size: number; readonly back: number }[],
): Promise<number> {
  const merger = mergerOf(stream);
  const end = (rows.at(-1)?.offset ?? BEGIN) + 1n;
  let applied = 0;
  let at = BEGIN;
  for (let turn = 0; at < end; turn += 1) {
    const { size, back } = stretches[turn % stretches.length]!;
    const fromOffset = at - BigInt(back) < BEGIN ? BEGIN : at - BigInt(back);
    const toOffset = at + BigInt(size) > end ? end : at + BigInt(size);
    const inside = rows.filter(({ offset }) => offset >= fromOffset && offset < toOffset);
    applied += (await applyEvents(stream, merger, { partition, fromOffset, toOffset, rows: inside })).applied;
    at = toOffset;
  }
  return applied;
}

const stretches = fc.array(fc.record({ size: fc.integer({ min: 1, max: 20 }), back: fc.nat({ max: 12 }) }), {
  minLength: 1,
  maxLength: 4,
});

describe.each([
  ['windows', windows],
  ['rows', latest],
] as const)('15: %s', (_, planned) => {
  it('are those of all rows at once, however writers race, stretches are cut, and messages come again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 40 }),
        fc.array(stretches, { minLength: 1, maxLength: 3 }),
        async (messages, consumers) => {
          const project = uniqueName('stream');
          const partitions = [0, 1].map((partition) => partitionRows(messages, partition));
          // every consumer reads both partitions: after a rebalance the one before may still be at work
          const streams = await Promise.all(consumers.map(() => open(planned, project, begun)));
          const applied = await Promise.all(
            streams.flatMap((stream, index) =>
              partitions.map((rows, partition) => consume(stream, partition, rows, consumers[index]!)),
            ),
          );
          expect(applied.reduce((sum, count) => sum + count, 0)).toBe(messages.length);
          const names = [...new Set(messages.map(({ key }) => key))];
          const all = partitions.flat();
          expect(await storedStates(streams[0]!, names)).toEqual(
            names.map((name) =>
              hex(
                wholeState(
                  planned,
                  all.filter(({ key }) => key.toString() === name),
                  START,
                ),
              ),
            ),
          );
        },
      ),
      { numRuns: 100, endOnFailure: true },
    );
  });
});

const row = (offset: bigint, key: string, event = offset): StreamRow => ({
  offset,
  key: Buffer.from(key),
  order: { event, created: null, sequence: offset },
  values: [offset],
});

describe('a batch', () => {
  it('of more keys than one step has is applied in steps, and a replay of it changes nothing', async () => {
    const stream = await open(windows, uniqueName('stream'));
    const rows = Array.from({ length: 900 }, (_, index) => row(BigInt(index >> 1), `=${index % 600}`));
    const batch = { partition: 3, fromOffset: 0n, toOffset: 450n, rows };
    expect(await applyEvents(stream, mergerOf(stream), batch)).toEqual({ applied: 900, late: 0, replayed: 0 });
    const names = Array.from({ length: 600 }, (_, index) => `=${index}`);
    const before = await storedStates(stream, names);
    expect(await applyEvents(stream, mergerOf(stream), batch)).toEqual({ applied: 0, late: 0, replayed: 900 });
    expect(await storedStates(stream, names)).toEqual(before);
    expect(before[0]).toBe(hex(wholeState(windows, [rows[0]!, rows[600]!], START)));
    const again = await open(windows, stream.project);
    expect(again.offsets).toEqual(new Map([[3, 450n]]));
  });

  it('of which one key was changed since it was read writes nothing, and says which', async () => {
    const stream = await open(windows, uniqueName('stream'));
    const state = Buffer.from(wholeState(windows, [row(0n, '=a')], START));
    const names = ['=a', '=b'].map((name) => Buffer.concat([stream.keys.values, Buffer.from(name)]));
    const update = (versions: readonly string[]) =>
      redis.evaluate(
        UPDATE_SCRIPT,
        [epochKey(stream.project), stream.keys.fence, stream.keys.stream, stream.keys.outbox, ...names],
        [
          stream.epoch,
          Buffer.from(encodePosition(START)),
          ...['0', '7', '0', '1', ''],
          ...versions.flatMap((version) => [version, state]),
        ],
      );
    expect(await update(['', '0123456789abcdef'])).toEqual([Buffer.from('0'), 2]);
    expect(await storedStates(stream, ['=a', '=b'])).toEqual([undefined, undefined]);
    expect(await update(['', ''])).toEqual([Buffer.from('0')]);
    expect(await storedStates(stream, ['=a', '=b'])).toEqual([hex(state), hex(state)]);
  });

  it('that begins beyond what was applied is refused, and writes nothing', async () => {
    const stream = await open(windows, uniqueName('stream'));
    const batch = { partition: 0, fromOffset: 5n, toOffset: 6n, rows: [row(5n, '=a')] };
    await expect(applyEvents(stream, mergerOf(stream), batch)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('offsets 0 to 5 were never applied') as string,
    });
    expect(await storedStates(stream, ['=a'])).toEqual([undefined]);
  });

  it('is refused when Redis lost its content', async () => {
    const stream = await open(windows, uniqueName('stream'));
    await redis.evaluate(DELETE, [epochKey(stream.project)], []);
    await ensureEpoch(redis, stream.project);
    const batch = { partition: 0, fromOffset: 0n, toOffset: 1n, rows: [row(0n, '=a')] };
    await expect(applyEvents(stream, mergerOf(stream), batch)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });
});

const DELETE = { text: "return redis.call('DEL', KEYS[1])", sha1: '0'.repeat(40) };

describe('beside materializations', () => {
  const position = (snapshot: number): Position => ({ snapshot, to: 5n });

  async function materialized(snapshot: number, project: string, rows: readonly StreamRow[], landed?: StreamOffsets) {
    const keys = viewKeys(project, windows.view.name, windows.view.fingerprint);
    const epoch = await ensureEpoch(redis, project);
    await raiseFence(redis, project, keys, epoch, position(snapshot), landed);
    const scope = { redis, project, keys, epoch, position: position(snapshot), lifeMillis: 0, removed: [] };
    const writer = createStateWriter(scope);
    const names = new Set(rows.map(({ key }) => key.toString()));
    for (const name of names) {
      const own = rows.filter(({ key }) => key.toString() === name);
      await writer.write(Buffer.from(name), wholeState(windows, own, position(snapshot)));
    }
    await writer.finish();
    return async () => setMarker(redis, project, keys, epoch, position(snapshot));
  }

  it('a stream goes on from what one stored, and stops when the next is announced', async () => {
    const project = uniqueName('stream');
    const rows = [0n, 1n, 2n, 3n].map((offset) => row(offset, '=a', 9n - offset));
    const landed = async (at: Position | undefined) => new Map([[0, at?.snapshot === 1 ? 2n : 4n]]);
    await (
      await materialized(1, project, rows.slice(0, 2))
    )();
    const stream = await open(windows, project, landed);
    expect(stream).toMatchObject({ position: position(1), offsets: new Map([[0, 2n]]) });
    const merger = mergerOf(stream);
    const third = { partition: 0, fromOffset: 2n, toOffset: 3n, rows: rows.slice(2, 3) };
    await applyEvents(stream, merger, third);
    expect(await storedStates(stream, ['=a'])).toEqual([hex(wholeState(windows, rows.slice(0, 3), position(1)))]);

    const complete = await materialized(2, project, rows, new Map([[0, 4n]]));
    const fourth = { partition: 0, fromOffset: 3n, toOffset: 4n, rows: rows.slice(3) };
    await expect(applyEvents(stream, merger, fourth)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(open(windows, project, landed)).rejects.toMatchObject({ code: 'CONFLICT' });
    await complete();
    const next = await open(windows, project, landed);
    expect(next).toMatchObject({ position: position(2), offsets: new Map([[0, 4n]]) });
    expect(await applyEvents(next, merger, { ...fourth, fromOffset: 4n, toOffset: 5n, rows: [] })).toMatchObject({
      applied: 0,
    });
    expect(await storedStates(next, ['=a'])).toEqual([hex(wholeState(windows, rows, position(2)))]);
  });

  it('none begins whose rows end before those of the stream', async () => {
    const project = uniqueName('stream');
    const stream = await open(windows, project);
    await applyEvents(stream, mergerOf(stream), { partition: 1, fromOffset: 0n, toOffset: 7n, rows: [row(0n, '=a')] });
    for (const landed of [new Map(), new Map([[0, 9n]]), new Map([[1, 6n]])]) {
      await expect(materialized(1, project, [], landed)).rejects.toMatchObject({ reason: 'ahead' });
    }
    // refused, it stands in nobody's way
    await applyEvents(stream, mergerOf(stream), { partition: 1, fromOffset: 7n, toOffset: 8n, rows: [row(7n, '=a')] });
    await materialized(1, project, [], new Map([[1, 8n]]));
  });
});
