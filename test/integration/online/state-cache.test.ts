/** States that a process holds, over a real Redis whose reads are counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PlannedView } from '../../../contracts/plan.ts';
import { readOnlineFeatures } from '../../../online/feature-document.ts';
import type { OnlineReadDependencies } from '../../../online/read-dependencies.ts';
import { createStateCache } from '../../../online/state-cache.ts';
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

/** The view of a test of its own, so that its keys are those of no other. */
function viewHeld(cacheMicros: number | null, ttlMicros: number | null = null): PlannedView {
  const features = [columnFeature('amount', null)];
  const planned = planView({ mode: 'asof', ttlMicros, delayMicros: 0, hasCreated: false, features });
  const name = `held_${sequence}`;
  return {
    ...planned,
    source: { ...planned.source, name: `rows_${name}` },
    view: { ...planned.view, name, source: `rows_${name}`, options: { ...planned.view.options, cacheMicros } },
  };
}

interface Reader {
  reads: number;
  readonly keys: number[];
  readonly dependencies: OnlineReadDependencies;
}

function openReader(maxBytes?: number): Reader {
  const dependencies = readDependencies(fixture);
  const reader: Reader = {
    reads: 0,
    keys: [],
    dependencies: {
      ...dependencies,
      cache: createStateCache(maxBytes),
      redis: {
        ...dependencies.redis,
        read(keys, waitMillis) {
          reader.reads += 1;
          // beside epoch and marker
          reader.keys.push(keys.length - 2);
          return dependencies.redis.read(keys, waitMillis);
        },
      },
    },
  };
  return reader;
}

async function read({ dependencies }: Reader, planned: PlannedView, names: readonly string[], at = NOON) {
  const { results } = await readOnlineFeatures(dependencies, {
    plan: planOf(planned),
    runtime: NO_RUNTIME,
    entities: { name: [...names], code: names.map(() => 1) },
    at,
  });
  const { values, statuses, served_from: from } = results[2]!;
  return { values, statuses, from };
}

describe('a view that says how stale an answer may be', () => {
  let planned: PlannedView;
  let reader: Reader;
  beforeEach(async () => {
    planned = viewHeld(LONG);
    reader = openReader();
    await commitRows(fixture, planned, [row('a', NOON - HOUR, 1n), row('b', NOON, 2n)]);
    await materialize(fixture, planned, NOON);
  });

  it('asks Redis once for a key, known or not, and says where a value came from', async () => {
    const first = await read(reader, planned, ['a', 'nobody']);
    expect(first).toMatchObject({ values: [1, null], statuses: ['PRESENT', 'MISSING'], from: ['online', 'online'] });
    const second = await read(reader, planned, ['a', 'nobody', 'b']);
    expect(second).toMatchObject({ values: [1, null, 2], from: ['cache', 'cache', 'online'] });
    expect(await read(reader, planned, ['b', 'a'])).toMatchObject({ values: [2, 1], from: ['cache', 'cache'] });
    expect(reader.keys).toEqual([2, 1]);
    expect(reader.dependencies.cache!.readings).toMatchObject({ hits: 4, misses: 3 });
  });

  it('still applies the ttl at each read, to the microsecond', async () => {
    planned = viewHeld(LONG, Number(2n * HOUR));
    await commitRows(fixture, planned, [row('a', NOON - HOUR, 1n)]);
    await materialize(fixture, planned, NOON);
    await read(reader, planned, ['a']);
    expect(await read(reader, planned, ['a'], NOON + HOUR)).toMatchObject({ statuses: ['PRESENT'], from: ['cache'] });
    expect(await read(reader, planned, ['a'], NOON + HOUR + 1n)).toMatchObject({
      statuses: ['EXPIRED'],
      from: ['cache'],
    });
    expect(reader.reads).toBe(1);
  });

  it('is asked once by many requests at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => read(reader, planned, ['a', 'b'])));
    for (const { values } of answers) expect(values).toEqual([1, 2]);
    expect(reader.keys).toEqual([2]);
  });

  it('answers what it holds while Redis stands still, and nothing else', async () => {
    await read(reader, planned, ['a']);
    server.pause();
    const held = await read(reader, planned, ['a']);
    const other = await read(reader, planned, ['b']);
    server.resume();
    expect(held).toMatchObject({ values: [1], from: ['cache'] });
    expect(other).toMatchObject({ statuses: ['UNAVAILABLE'] });
    // an answer that did not come is not held
    await expect.poll(() => read(reader, planned, ['b'])).toMatchObject({ values: [2], statuses: ['PRESENT'] });
  });
});

it('an answer is older than the view allows never', async () => {
  const planned = viewHeld(200_000);
  const reader = openReader();
  await commitRows(fixture, planned, [row('a', NOON - HOUR, 1n)]);
  await materialize(fixture, planned, NOON);
  expect(await read(reader, planned, ['a'])).toMatchObject({ values: [1] });
  await commitRows(fixture, planned, [row('a', NOON - 1n, 5n)]);
  await materialize(fixture, planned, NOON);
  await sleep(250);
  expect(await read(reader, planned, ['a'])).toMatchObject({ values: [5], from: ['online'] });
});

it('what a view holds that says nothing of staleness is asked for each time', async () => {
  const planned = viewHeld(null);
  const reader = openReader();
  await commitRows(fixture, planned, [row('a', NOON, 1n)]);
  await materialize(fixture, planned, NOON);
  for (const _ of [1, 2]) expect(await read(reader, planned, ['a'])).toMatchObject({ values: [1], from: ['online'] });
  expect(reader.reads).toBe(2);
});

it('what is held stays within its bytes', async () => {
  const planned = viewHeld(LONG);
  const names = Array.from({ length: 100 }, (_, index) => `key ${index}`);
  const reader = openReader(10_000);
  await commitRows(
    fixture,
    planned,
    names.map((name) => row(name, NOON, 1n)),
  );
  await materialize(fixture, planned, NOON);
  for (const _ of [1, 2]) expect((await read(reader, planned, names)).values).toEqual(names.map(() => 1));
  expect(reader.dependencies.cache!.readings.bytes).toBeLessThanOrEqual(10_000);
  expect(reader.dependencies.cache!.readings.bytes).toBeGreaterThan(5_000);
});
