import { beforeAll, describe, expect, it } from 'vitest';
import type { PlannedView } from '../../../contracts/plan.ts';
import { readOnlineFeatures } from '../../../online/feature-document.ts';
import type { RedisClient } from '../../../online/redis-client.ts';
import { aggregateFeature, type ValueColumn, type WorldRow } from '../../world/world.ts';
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
const HOUR = 3_600_000_000n;

let fixture: OnlineFixture;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

let sequence = 0n;
function row(name: string, event: bigint, amount: bigint | null, created: bigint | null = null): WorldRow {
  const values = { amount, price: 1.5, label: 'x', flag: true, seen: null, vector: null } satisfies Record<
    ValueColumn,
    unknown
  >;
  return { keys: [name, 1n], event, created, sequence: sequence++, values };
}

async function read(planned: PlannedView, names: readonly (string | null)[], at: bigint) {
  const document = await readDocument(planned, names, at);
  const [, , amount, label] = document.results;
  return { amount: amount!, label: label!, document };
}

/** The results of the features, without the keys. */
async function readCells(planned: PlannedView, names: readonly string[], at: bigint) {
  return (await readDocument(planned, names, at)).results.slice(2);
}

function readDocument(planned: PlannedView, names: readonly (string | null)[], at: bigint) {
  return readOnlineFeatures(readDependencies(fixture), {
    plan: planOf(planned),
    runtime: NO_RUNTIME,
    entities: { name: names, code: names.map(() => 1) },
    at,
  });
}

describe('an aggregate view', () => {
  const hours = (count: number) =>
    ({ kind: 'duration', micros: count * Number(HOUR), resolutionMicros: Number(HOUR) }) as const;

  it('serves windows that end before the instant, from tiles that go on from the last position', async () => {
    const planned = viewNamed('windows', {
      mode: 'aggregate',
      features: [
        aggregateFeature('total', { function: 'sum', column: 'amount', window: hours(2), where: [] }),
        aggregateFeature('n', { function: 'count', column: null, window: { kind: 'all' }, where: [] }),
      ],
    });
    const cellsAt = async (at: bigint, names: readonly string[]) =>
      (await readCells(planned, names, at)).map(({ values }) => values);
    await commitRows(fixture, planned, [row('a', NOON, 1n), row('a', NOON + HOUR, 2n), row('b', NOON, 2n ** 60n)]);
    expect(await materialize(fixture, planned, NOON + HOUR)).toMatchObject({ written: 2, keys: 2 });
    expect(await cellsAt(NOON + HOUR, ['a', 'b', 'c'])).toEqual([
      [1, '1152921504606846976', null],
      [1, 1, 0],
    ]);
    // the row of the same instant is in no window yet, and enters as time passes
    expect(await materialize(fixture, planned, NOON + HOUR + 1n)).toMatchObject({ written: 1, keys: 2 });
    expect(await cellsAt(NOON + HOUR + 1n, ['a'])).toEqual([[3], [2]]);
    await commitRows(fixture, planned, [row('a', NOON + 1n, 10n)]);
    expect(await materialize(fixture, planned, NOON + 3n * HOUR)).toMatchObject({ written: 1, keys: 2 });
    expect(await cellsAt(NOON + 3n * HOUR - 1n, ['a'])).toEqual([[13], [3]]);
    expect(await cellsAt(NOON + 3n * HOUR, ['a'])).toEqual([[2], [3]]);
    expect(await cellsAt(NOON + HOUR, ['a'])).toEqual([[11], [2]]);
  });
});

describe('an as-of view', () => {
  it('serves the greatest row of each key, and says so for keys it does not know', async () => {
    const planned = viewNamed('greatest');
    await commitRows(fixture, planned, [row('a', NOON, 1n), row('a', NOON + HOUR, 2n), row('b', NOON, null)]);
    const result = await materialize(fixture, planned, NOON + 2n * HOUR);
    expect(result).toMatchObject({ snapshot: 1, to: NOON + 2n * HOUR, written: 2, unchanged: 0, keys: 2 });
    const { amount, label, document } = await read(planned, ['a', 'b', 'nobody', null], NOON + 3n * HOUR);
    expect(amount).toEqual({
      values: [2, null, null, null],
      statuses: ['PRESENT', 'NULL', 'MISSING', 'MISSING'],
      event_timestamps: ['2024-01-01T13:00:00.000000Z', '2024-01-01T12:00:00.000000Z', null, null],
      served_from: ['online', 'online', 'online', 'online'],
    });
    expect(label.values).toEqual(['x', 'x', 'none', 'none']);
    expect(label.statuses).toEqual(['PRESENT', 'PRESENT', 'DEFAULT', 'DEFAULT']);
    expect(label.served_from).toEqual(['online', 'online', 'default', 'default']);
    expect(document.metadata).toEqual({
      feature_names: ['name', 'code', 'greatest__f_amount', 'greatest__f_label'],
      versions: { greatest: 'print-greatest' },
      position: { greatest: { snapshot: 1, to: '2024-01-01T14:00:00.000000Z' } },
    });
  });

  it('writes only what came since the last position, and nothing twice', async () => {
    const planned = viewNamed('increments');
    await commitRows(fixture, planned, [row('a', NOON, 1n), row('b', NOON, 1n), row('b', NOON + 3n * HOUR, 3n)]);
    expect(await materialize(fixture, planned, NOON)).toMatchObject({ written: 2, keys: 2 });
    expect(await materialize(fixture, planned, NOON)).toMatchObject({ written: 0, unchanged: 0, keys: 2 });
    await commitRows(fixture, planned, [row('c', NOON, 5n), row('a', NOON - HOUR, 9n)]);
    expect(await materialize(fixture, planned, NOON + HOUR)).toMatchObject({ written: 1, unchanged: 1, keys: 3 });
    expect((await read(planned, ['a', 'b', 'c'], NOON + HOUR)).amount.values).toEqual([1, 1, 5]);
    expect(await materialize(fixture, planned, NOON + 3n * HOUR)).toMatchObject({ written: 1, keys: 3 });
    expect((await read(planned, ['b'], NOON + 3n * HOUR)).amount.values).toEqual([3]);
  });

  it('asks the lake for an instant before the row became due', async () => {
    const planned = viewNamed('before');
    await commitRows(fixture, planned, [row('a', NOON, 1n), row('a', NOON + HOUR, 2n)]);
    await materialize(fixture, planned, NOON + 2n * HOUR);
    const { amount } = await read(planned, ['a'], NOON + HOUR - 1n);
    expect(amount).toMatchObject({ values: [1], statuses: ['PRESENT'], served_from: ['lake'] });
  });

  it('keeps ttl to the microsecond, both ends inclusive', async () => {
    const planned = viewNamed('ttl', { ttlMicros: Number(HOUR) });
    await commitRows(fixture, planned, [row('a', NOON, 1n)]);
    await materialize(fixture, planned, NOON);
    expect((await read(planned, ['a'], NOON + HOUR)).amount.statuses).toEqual(['PRESENT']);
    const late = await read(planned, ['a'], NOON + HOUR + 1n);
    expect(late.amount).toMatchObject({ values: [null], statuses: ['EXPIRED'], served_from: ['online'] });
    expect(late.label).toMatchObject({ values: ['none'], statuses: ['DEFAULT'], served_from: ['default'] });
  });

  it('takes removed rows away: the row before comes back, a key without rows goes', async () => {
    const planned = viewNamed('removal');
    const [kept, newest, only] = [row('a', NOON, 1n), row('a', NOON + HOUR, 2n), row('b', NOON, 3n)];
    await commitRows(fixture, planned, [kept, newest, only]);
    await materialize(fixture, planned, NOON + HOUR);
    const removed = [newest.sequence, only.sequence];
    await commitRows(fixture, planned, [row('c', NOON, 4n)], { rows: [kept], removed });
    expect(await materialize(fixture, planned, NOON + HOUR)).toMatchObject({ snapshot: 2, written: 2, keys: 2 });
    expect((await read(planned, ['a', 'b', 'c'], NOON + HOUR)).amount.values).toEqual([1, null, 4]);
  });

  it('forgets rows that only an unfinished run has written', async () => {
    const planned = viewNamed('unfinished');
    const [kept, gone] = [row('a', NOON, 1n), row('a', NOON + 1n, 2n)];
    await commitRows(fixture, planned, [kept]);
    await materialize(fixture, planned, NOON);
    await commitRows(fixture, planned, [gone]);
    const breaking: RedisClient = {
      ...fixture.redis,
      // all values are written, and the run ends before it can say so
      evaluate: (script, keys, values) =>
        keys.at(-1)?.includes('position')
          ? Promise.reject(new Error('killed'))
          : fixture.redis.evaluate(script, keys, values),
    };
    await expect(materialize({ ...fixture, redis: breaking }, planned, NOON + 2n)).rejects.toThrow('killed');
    expect((await read(planned, ['a'], NOON + 2n)).amount.values).toEqual([2]);
    await commitRows(fixture, planned, [], { rows: [kept], removed: [gone.sequence] });
    await materialize(fixture, planned, NOON + 3n);
    expect((await read(planned, ['a'], NOON + 3n)).amount.values).toEqual([1]);
  });

  it('keeps rows that are due later than the clock in the lake', async () => {
    const planned = viewNamed('future', { delayMicros: 1000 });
    const now = BigInt(Date.now()) * 1000n;
    await commitRows(fixture, planned, [row('a', NOON, 1n), row('a', now + 24n * HOUR, 2n)]);
    const { to, written } = await materialize(fixture, planned, now + 48n * HOUR);
    expect(written).toBe(1);
    expect(to).toBeLessThan(now + HOUR);
    expect((await read(planned, ['a'], now)).amount.values).toEqual([1]);
  });

  it('records the interval and the position', async () => {
    const planned = viewNamed('ledger');
    await commitRows(fixture, planned, [row('a', NOON, 1n)]);
    await materialize(fixture, planned, NOON + HOUR);
    const key = { project: fixture.project, view: 'ledger', fingerprint: 'print-ledger', store: 'online' } as const;
    expect(await fixture.catalog.intervals.onlinePosition(key)).toMatchObject({
      snapshot: 1,
      to: NOON + HOUR,
      keys: 1,
    });
    const [entry] = await fixture.catalog.intervals.entries(key);
    expect(entry).toMatchObject({ operation: 'done', inputSnapshot: 1, range: { from: NOON, to: NOON + HOUR } });
  });

  it('stops when it is cancelled, and goes on where nothing is lost', async () => {
    const planned = viewNamed('cancelled');
    await commitRows(fixture, planned, [row('a', NOON, 1n)]);
    await expect(materialize(fixture, planned, NOON, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(await materialize(fixture, planned, NOON + 1n)).toMatchObject({ written: 1, keys: 1 });
  });

  it('is read from the lake before it was ever materialized', async () => {
    const planned = viewNamed('never');
    await commitRows(fixture, planned, [row('a', NOON, 1n)]);
    const { amount, document } = await read(planned, ['a', 'b'], NOON);
    expect(amount).toMatchObject({
      values: [1, null],
      statuses: ['PRESENT', 'MISSING'],
      served_from: ['lake', 'lake'],
    });
    expect(document.metadata.position).toEqual({ never: null });
  });
});
