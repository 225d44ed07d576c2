/** States that reads found in the lake and wrote back to a real Redis. A reader without a lake shows what came from there. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { PlannedView } from '../../../contracts/plan.ts';
import { readOnlineFeatures } from '../../../online/feature-document.ts';
import type { OnlineReadDependencies } from '../../../online/read-dependencies.ts';
import { viewKeys } from '../../../online/store-keys.ts';
import { createWriteBack, type WriteBack } from '../../../online/write-back.ts';
import { aggregateFeature, columnFeature, planView, type WorldRow } from '../../world/world.ts';
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
/** Longer than any test of this file takes. */
const LONG = 3_600_000_000;

let server: TestRedis;
let fixture: OnlineFixture;
beforeAll(async () => {
  server = await startRedis();
  fixture = await openFixture(server.url);
  return async () => {
    await fixture.close();
    await server.remove();
  };
});

let sequence = 0n;

function row(name: string, event: bigint, amount: bigint): WorldRow {
  const values = { amount, price: null, label: null, flag: null, seen: null, vector: null };
  return { keys: [name, 1n], event, created: null, sequence: sequence++, values };
}

const WINDOW = { kind: 'duration', micros: Number(2n * HOUR), resolutionMicros: null } as const;
const FEATURES = {
  asof: [columnFeature('amount', null)],
  aggregate: [aggregateFeature('total', { function: 'sum', column: 'amount', window: WINDOW, where: [] })],
} as const;

/** The view of a test of its own, so that its keys are those of no other. */
function viewOf(mode: 'asof' | 'aggregate', cacheMicros: number | null = LONG): PlannedView {
  const features = FEATURES[mode];
  const planned = planView({ mode, ttlMicros: null, delayMicros: 0, hasCreated: false, features });
  const name = `kept_${sequence++}`;
  return {
    ...planned,
    source: { ...planned.source, name: `rows_${name}` },
    view: { ...planned.view, name, source: `rows_${name}`, options: { ...planned.view.options, cacheMicros } },
  };
}

type Reader = OnlineReadDependencies & { readonly writeBack: WriteBack };

function openReader(mostWaiting?: number): Reader {
  const writeBack = createWriteBack({ ...fixture, ...(mostWaiting !== undefined && { mostWaiting }) });
  return { ...readDependencies(fixture), writeBack };
}

async function read(dependencies: OnlineReadDependencies, planned: PlannedView, names: readonly string[], at = NOON) {
  const { results } = await readOnlineFeatures(dependencies, {
    plan: planOf(planned),
    runtime: NO_RUNTIME,
    entities: { name: [...names], code: names.map(() => 1) },
    at,
  });
  const { values, statuses, served_from: from } = results[2]!;
  return { values, statuses, from };
}

const withoutLake = (reader: Reader): Reader => ({ ...reader, lake: null });

function writtenKeys({ view }: PlannedView): Promise<readonly Buffer[]> {
  const { writtenBack } = viewKeys(fixture.project, view.name, view.fingerprint);
  return withRawRedis(server.url, (redis) => keysOf(redis, writtenBack));
}

describe.each(['asof', 'aggregate'] as const)('a %s view that was never materialized', (mode) => {
  it('is served from the lake once, and then from what was written back', async () => {
    const planned = viewOf(mode);
    const reader = openReader();
    await commitRows(fixture, planned, [row('a', NOON - HOUR, 1n), row('b', NOON - HOUR, 2n)]);
    expect(await read(reader, planned, ['a', 'b'])).toMatchObject({ values: [1, 2], from: ['lake', 'lake'] });
    await reader.writeBack.settled();
    const second = await read(withoutLake(reader), planned, ['b', 'a']);
    expect(second).toMatchObject({ values: [2, 1], statuses: ['PRESENT', 'PRESENT'], from: ['online', 'online'] });
  });

  it('never takes a key that was not written back for one without rows', async () => {
    const planned = viewOf(mode);
    const reader = openReader();
    await commitRows(fixture, planned, [row('a', NOON - HOUR, 1n), row('b', NOON - HOUR, 2n)]);
    await read(reader, planned, ['a', 'nobody']);
    await reader.writeBack.settled();
    const second = await read(withoutLake(reader), planned, ['a', 'b', 'nobody']);
    expect(second.statuses).toEqual(['PRESENT', 'UNAVAILABLE', 'UNAVAILABLE']);
    expect(await read(reader, planned, ['b'])).toMatchObject({ values: [2], from: ['lake'] });
  });

  it('leaves instants before the newest row to the lake', async () => {
    const planned = viewOf(mode);
    const reader = openReader();
    await commitRows(fixture, planned, [row('a', NOON - HOUR, 1n), row('a', NOON + HOUR, 5n)]);
    await read(reader, planned, ['a']);
    await reader.writeBack.settled();
    expect(await writtenKeys(planned)).toHaveLength(1);
    expect(await read(reader, planned, ['a'])).toMatchObject({ values: [1], from: ['lake'] });
    const later = await read(withoutLake(reader), planned, ['a'], NOON + 2n * HOUR);
    expect(later).toMatchObject({ values: [5], from: ['online'] });
  });
});

describe('what is written back', () => {
  it('lives for as long as the view says that an answer may be stale', async () => {
    const planned = viewOf('asof');
    const reader = openReader();
    await commitRows(fixture, planned, [row('a', NOON, 1n)]);
    await read(reader, planned, ['a']);
    await reader.writeBack.settled();
    const [key] = await writtenKeys(planned);
    const left = await withRawRedis(server.url, (redis) => redis.pttl(key!));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(LONG / 1000);
  });

  it('is nothing of a view that does not say so', async () => {
    const planned = viewOf('asof', null);
    const reader = openReader();
    await commitRows(fixture, planned, [row('a', NOON, 1n)]);
    await read(reader, planned, ['a']);
    await reader.writeBack.settled();
    expect(await writtenKeys(planned)).toEqual([]);
    expect(await read(reader, planned, ['a'])).toMatchObject({ values: [1], from: ['lake'] });
  });

  it('stands behind a materialization, which knows that a key has no rows any more', async () => {
    const planned = viewOf('asof');
    const reader = openReader();
    const rows = [row('a', NOON, 1n), row('b', NOON, 2n)];
    await commitRows(fixture, planned, rows);
    await read(reader, planned, ['a', 'b']);
    await reader.writeBack.settled();
    await commitRows(fixture, planned, [], { rows: rows.slice(1), removed: [rows[0]!.sequence] });
    await materialize(fixture, planned, NOON);
    expect(await read({ ...openReader(), lake: null }, planned, ['a', 'b'])).toMatchObject({
      statuses: ['MISSING', 'PRESENT'],
      values: [null, 2],
    });
  });

  it('is nothing while Redis has lost what the view had there', async () => {
    const planned = viewOf('asof');
    await commitRows(fixture, planned, [row('a', NOON, 1n)]);
    await materialize(fixture, planned, NOON);
    await withRawRedis(server.url, (redis) => redis.flushall());
    const reader = openReader();
    expect(await read(reader, planned, ['a'])).toMatchObject({ statuses: ['UNAVAILABLE'] });
    await reader.writeBack.settled();
    expect(await writtenKeys(planned)).toEqual([]);
  });

  it('never goes back to an older row', async () => {
    const planned = viewOf('asof');
    const reader = openReader();
    const rows = [row('a', NOON - HOUR, 1n), row('a', NOON, 2n)];
    await commitRows(fixture, planned, rows);
    await read(reader, planned, ['a']);
    await reader.writeBack.settled();
    await commitRows(fixture, planned, [], { rows: rows.slice(0, 1), removed: [rows[1]!.sequence] });
    reader.writeBack.offer(planned, [['a', 1n]], undefined);
    await reader.writeBack.settled();
    expect(await read(withoutLake(reader), planned, ['a'])).toMatchObject({ values: [2], from: ['online'] });
  });

  it('is bounded: what is too much is left to the lake', async () => {
    const planned = viewOf('asof');
    const reader = openReader(2);
    const names = ['a', 'b', 'c'];
    await commitRows(
      fixture,
      planned,
      names.map((name) => row(name, NOON, 1n)),
    );
    await read(reader, planned, names);
    await reader.writeBack.settled();
    expect(await writtenKeys(planned)).toHaveLength(2);
    expect((await read(reader, planned, names)).from.toSorted()).toEqual(['lake', 'online', 'online']);
  });

  it('leaves a read as it is where it fails', async () => {
    const planned = viewOf('asof');
    await commitRows(fixture, planned, [row('a', NOON, 1n)]);
    const broken = async (): Promise<never> => Promise.reject(new Error('no place'));
    const writeBack = createWriteBack({ ...fixture, aroundLake: broken });
    const reader = { ...readDependencies(fixture), writeBack };
    expect(await read(reader, planned, ['a'])).toMatchObject({ values: [1], from: ['lake'] });
    await writeBack.settled();
    expect(await writtenKeys(planned)).toEqual([]);
    expect(await read(reader, planned, ['a'])).toMatchObject({ values: [1], from: ['lake'] });
  });
});
