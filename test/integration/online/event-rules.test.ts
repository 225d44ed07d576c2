/** Deletes, events with an id, and windows without events: Redis says what the lake says. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { PlannedView } from '../../../contracts/plan.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
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

const NOON = 1_704_110_400_000_000n;
const ALL = { kind: 'all' } as const;

let fixture: OnlineFixture;
beforeAll(async () => {
  fixture = await openFixture();
  return () => fixture.close();
});

let sequence = 0n;
function row(name: string | null, event: bigint, amount: bigint | null, label: string | null = null): WorldRow {
  const values = { amount, price: null, label, flag: null, seen: null, vector: null };
  return { keys: [name, 1n], event, created: null, sequence: sequence++, values };
}

/** `value status` by feature, then entity, and who answered. */
async function read(
  planned: PlannedView,
  names: readonly (string | null)[],
  at: bigint,
  isDenied?: (view: string) => boolean,
) {
  const { features } = await readOnlineVectors(readDependencies(fixture), {
    plan: planOf(planned),
    runtime: NO_RUNTIME,
    entities: { name: names, code: names.map(() => 1) },
    at,
    ...(isDenied && { isDenied }),
  });
  return {
    answers: features.map(({ cells }) => cells.map(({ value, status }) => `${String(value)} ${status}`)),
    servedFrom: new Set(features.flatMap(({ cells }) => cells.map(({ servedFrom }) => servedFrom))),
  };
}

/** The answers before anything was materialized, which are the lake's, and afterwards. */
async function readBoth(planned: PlannedView, names: readonly string[], at: bigint) {
  const lake = await read(planned, names, at);
  expect(lake.servedFrom).not.toContain('online');
  await materialize(fixture, planned, at);
  const online = await read(planned, names, at);
  expect(online.servedFrom).not.toContain('lake');
  return { lake: lake.answers, online: online.answers };
}

describe('a delete', () => {
  it('that is the greatest row gives MISSING, not the row before, and a default stands in for it', async () => {
    const planned = viewNamed(
      'deleted',
      { features: [columnFeature('amount', null), columnFeature('flag', true)] },
      { operation: 'label' },
    );
    await commitRows(fixture, planned, [
      row('gone', NOON, 1n, 'c'),
      row('gone', NOON + 1n, 2n, 'd'),
      row('back', NOON, 3n, 'delete'),
      row('back', NOON + 1n, 4n, 'c'),
    ]);
    const { lake, online } = await readBoth(planned, ['gone', 'back'], NOON + 1n);
    expect(online).toEqual([
      ['null MISSING', '4 PRESENT'],
      ['true DEFAULT', 'null NULL'],
    ]);
    expect(lake).toEqual(online);
    expect((await read(planned, ['gone'], NOON)).answers[0]).toEqual(['1 PRESENT']);
  });
});

describe('events', () => {
  const features = [
    aggregateFeature('n', { function: 'count', column: null, window: ALL, where: [] }),
    aggregateFeature('total', { function: 'sum', column: 'amount', window: ALL, where: [] }),
  ];

  it('without an id are rows, duplicates included', async () => {
    const planned = viewNamed('rows', { mode: 'aggregate', features });
    await commitRows(fixture, planned, [row('a', NOON, 5n, 'e1'), row('a', NOON, 5n, 'e1')]);
    const { lake, online } = await readBoth(planned, ['a'], NOON + 1n);
    expect(online).toEqual([['2 PRESENT'], ['10 PRESENT']]);
    expect(lake).toEqual(online);
  });

  it('with an id count once, as the greatest row', async () => {
    const planned = viewNamed('ids', { mode: 'aggregate', features }, { eventId: 'label' });
    await commitRows(fixture, planned, [
      row('a', NOON, 1n, 'e1'),
      row('a', NOON, 10n, 'e1'),
      row('a', NOON - 1n, 100n, 'e1'),
      row('a', NOON, 1000n, 'e2'),
      row('a', NOON, 10_000n, null),
      row('a', NOON, 10_000n, null),
    ]);
    const { lake, online } = await readBoth(planned, ['a'], NOON + 1n);
    expect(online).toEqual([['4 PRESENT'], ['21010 PRESENT']]);
    expect(lake).toEqual(online);
  });

  it('with an id that were deleted count until then', async () => {
    const planned = viewNamed('withdrawn', { mode: 'aggregate', features }, { eventId: 'amount', operation: 'label' });
    await commitRows(fixture, planned, [
      row('a', NOON, 1n, 'c'),
      row('a', NOON, 2n, 'c'),
      row('a', NOON + 5n, 1n, 'd'),
    ]);
    const { lake, online } = await readBoth(planned, ['a'], NOON + 6n);
    expect(online).toEqual([['1 PRESENT'], ['2 PRESENT']]);
    expect(lake).toEqual(online);
    expect((await read(planned, ['a'], NOON + 5n)).answers).toEqual([['2 PRESENT'], ['3 PRESENT']]);
  });

  it('that move to another key with a later row leave the first', async () => {
    const planned = viewNamed('moved', { mode: 'aggregate', features }, { eventId: 'label' });
    const [first, second] = [row('a', NOON, 1n, 'e1'), row('b', NOON + 1n, 2n, 'e1')];
    await commitRows(fixture, planned, [first]);
    await materialize(fixture, planned, NOON + 1n);
    await commitRows(fixture, planned, [second]);
    await materialize(fixture, planned, NOON + 2n);
    expect((await read(planned, ['a', 'b'], NOON + 2n)).answers).toEqual([
      ['0 PRESENT', '1 PRESENT'],
      ['null NULL', '2 PRESENT'],
    ]);
    expect((await read(planned, ['a', 'b'], NOON + 1n)).answers[0]).toEqual(['1 PRESENT', '0 PRESENT']);
    await commitRows(fixture, planned, [], { rows: [first], removed: [second.sequence] });
    await materialize(fixture, planned, NOON + 3n);
    expect((await read(planned, ['a', 'b'], NOON + 3n)).answers).toEqual([
      ['1 PRESENT', '0 PRESENT'],
      ['1 PRESENT', 'null NULL'],
    ]);
  });
});

describe('events with an id and no key', () => {
  it('leave the key that they had, and come back to it', async () => {
    const total = aggregateFeature('total', { function: 'sum', column: 'amount', window: ALL, where: [] });
    const planned = viewNamed('keyless_events', { mode: 'aggregate', features: [total] }, { eventId: 'label' });
    await commitRows(fixture, planned, [row('a', NOON, 1n, 'e1'), row('a', NOON, 2n, 'e2')]);
    await materialize(fixture, planned, NOON + 1n);
    await commitRows(fixture, planned, [row(null, NOON, 2n, 'e2')]);
    expect(await materialize(fixture, planned, NOON + 2n)).toMatchObject({ written: 1, keys: 1 });
    const gone = await read(planned, ['a'], NOON + 2n);
    expect(gone.answers).toEqual([['1 PRESENT']]);
    expect([...gone.servedFrom]).toEqual(['online']);
    await commitRows(fixture, planned, [row('a', NOON, 4n, 'e2')]);
    await materialize(fixture, planned, NOON + 3n);
    expect((await read(planned, ['a'], NOON + 3n)).answers).toEqual([['5 PRESENT']]);
  });
});

describe('a window', () => {
  it('without events counts 0 and is otherwise null, or its default', async () => {
    const hour = { kind: 'duration', micros: 3_600_000_000, resolutionMicros: null } as const;
    const of = (name: 'count' | 'sum' | 'mean' | 'min' | 'approxCountDistinct', fallback: string | number | null) => ({
      ...aggregateFeature(name, {
        function: name,
        column: name === 'count' ? null : 'amount',
        window: hour,
        where: [],
      }),
      default: fallback,
    });
    const planned = viewNamed('empty', {
      mode: 'aggregate',
      features: [of('count', null), of('sum', '0'), of('mean', null), of('min', '7'), of('approxCountDistinct', null)],
    });
    await commitRows(fixture, planned, [row('a', NOON, 1n)]);
    const { lake, online } = await readBoth(planned, ['a', 'unknown'], NOON + 2n * 3_600_000_000n);
    expect(online).toEqual([
      ['0 PRESENT', '0 PRESENT'],
      ['0 DEFAULT', '0 DEFAULT'],
      ['null NULL', 'null NULL'],
      ['7 DEFAULT', '7 DEFAULT'],
      ['null NULL', 'null NULL'],
    ]);
    expect(lake).toEqual(online);
  });

  it('that is exact is UNAVAILABLE, without default, once it holds more events than are kept', async () => {
    const window = { kind: 'duration', micros: 10, resolutionMicros: null } as const;
    const counted = aggregateFeature('total', { function: 'sum', column: 'amount', window, where: [] });
    const features = [{ ...counted, maxEvents: 3, default: '7' }];
    const planned = viewNamed('crowded', { mode: 'aggregate', features });
    await commitRows(
      fixture,
      planned,
      [1n, 2n, 3n, 4n].map((event) => row('a', NOON + event, event)),
    );
    await materialize(fixture, planned, NOON + 5n);
    expect((await read(planned, ['a'], NOON + 5n)).answers).toEqual([['null UNAVAILABLE']]);
    expect((await read(planned, ['a'], NOON + 12n)).answers).toEqual([['9 PRESENT']]);
  });
});

it('the most frequent of more than 10,000 values is UNAVAILABLE, without default, and the lake still knows it', async () => {
  const counted = aggregateFeature('usual', { function: 'mostFrequent', column: 'amount', window: ALL, where: [] });
  const planned = viewNamed('many_values', { mode: 'aggregate', features: [{ ...counted, default: '7' }] });
  const amounts = Array.from({ length: 10_001 }, (_, index) => BigInt(index));
  const rows = (name: string, values: readonly bigint[]) => values.map((amount) => row(name, NOON, amount));
  await commitRows(fixture, planned, [...rows('a', [...amounts, 5_000n]), ...rows('b', [...amounts.slice(1), 77n])]);
  expect((await read(planned, ['a', 'b'], NOON + 1n)).answers).toEqual([['5000 PRESENT', '77 PRESENT']]);
  await materialize(fixture, planned, NOON + 1n);
  const { answers, servedFrom } = await read(planned, ['a', 'b'], NOON + 1n);
  expect(answers).toEqual([['null UNAVAILABLE', '77 PRESENT']]);
  expect([...servedFrom]).toEqual(['online']);
});

it('null is no key, though rows have it too', async () => {
  const counted = aggregateFeature('n', { function: 'count', column: null, window: ALL, where: [] });
  for (const planned of [viewNamed('keyless'), viewNamed('keyless_n', { mode: 'aggregate', features: [counted] })]) {
    await commitRows(fixture, planned, [row(null, NOON, 1n), row('a', NOON, 2n)]);
    expect(await materialize(fixture, planned, NOON + 1n)).toMatchObject({ keys: 1 });
    const { answers } = await read(planned, [null, 'a'], NOON + 1n);
    expect(answers[0]).toEqual(
      planned.view.mode === 'asof' ? ['null MISSING', '2 PRESENT'] : ['0 PRESENT', '1 PRESENT'],
    );
  }
});

it('a value that the caller may not see is DENIED, without default', async () => {
  const planned = viewNamed('denied');
  await commitRows(fixture, planned, [row('a', NOON, 1n)]);
  const { answers } = await read(planned, ['a', 'unknown'], NOON, (view) => view === 'denied');
  expect(answers).toEqual([
    ['null DENIED', 'null DENIED'],
    ['null DENIED', 'null DENIED'],
  ]);
});
