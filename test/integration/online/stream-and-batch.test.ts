/** One view, written by materializations and by a stream in turn: values are those of the lake, and nothing counts twice. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PlannedView } from '../../../contracts/plan.ts';
import type { Engine } from '../../../engine/engine.ts';
import { createKeyEncoder } from '../../../online/entity-key.ts';
import { readOnlineVectors } from '../../../online/online-reads.ts';
import { createStateMerger } from '../../../online/state-merger.ts';
import type { StreamOffsets } from '../../../online/stream-offsets.ts';
import { applyEvents, type StreamRow } from '../../../online/stream-writer.ts';
import { openViewStream } from '../../../online/view-stream.ts';
import { valuesOf } from '../../world/online-world.ts';
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
const AT = NOON + 1000n;
const NAMES = ['a', 'b', 'c'];

let fixture: OnlineFixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

/** Message n of the one partition is a row of one of three keys; every fourth is older than those before it. */
function messageRow(offset: bigint): WorldRow {
  return {
    keys: [NAMES[Number(offset % 3n)]!, 1n],
    event: NOON + (offset % 4n === 0n ? -offset : offset),
    created: null,
    sequence: offset,
    values: { amount: offset, price: null, label: null, flag: null, seen: null, vector: null },
  };
}

/** A view whose messages land in the lake and come by stream, each when the test says so. */
function openTurns(planned: PlannedView, messageAt: (offset: bigint) => WorldRow) {
  const { view, source } = planned;
  const { project, redis } = fixture;
  const messages = (from: bigint, to: bigint): readonly WorldRow[] =>
    Array.from({ length: Number(to - from) }, (_, index) => messageAt(from + BigInt(index)));
  const landed = new Map<number, bigint>();
  const landedOffsets = async (_: string, snapshot: number): Promise<StreamOffsets> =>
    new Map([[0, landed.get(snapshot) ?? 0n]]);
  const open = () =>
    openViewStream({ redis, project, view, source }, async (position) =>
      position === undefined ? new Map() : landedOffsets(source.name, position.snapshot),
    );
  const merger = createStateMerger(view, source);
  const encoder = createKeyEncoder(view.keys.map(({ type }) => type));
  const streamRow = (row: WorldRow): StreamRow => ({
    offset: row.sequence,
    key: encoder.encode(row.keys),
    order: row,
    values: valuesOf(row, merger.columns),
    id: source.eventId === null ? null : row.values[source.eventId as ValueColumn],
  });
  return {
    open,
    messages,
    land: async (from: bigint, to: bigint): Promise<void> => {
      await commitRows(fixture, planned, messages(from, to));
      const table = { project, kind: 'source', name: source.name, version: '' } as const;
      landed.set((await fixture.catalog.tables.files(table)).snapshot, to);
    },
    batch: () => materialize({ ...fixture, landedOffsets }, planned, AT),
    /** Cancelled when it begins to compute. */
    cancelledBatch: () => {
      const controller = new AbortController();
      const session: Engine['session'] = (work, signal) => {
        controller.abort();
        return fixture.engine.session(work, signal);
      };
      const { signal } = controller;
      return materialize({ ...fixture, engine: { ...fixture.engine, session }, landedOffsets }, planned, AT, {
        signal,
      });
    },
    apply: async (fromOffset: bigint, toOffset: bigint) => {
      const rows = messages(fromOffset, toOffset).map(streamRow);
      return applyEvents(await open(), merger, { partition: 0, fromOffset, toOffset, rows });
    },
    read: async (servedFrom = 'online') => {
      const { features } = await readOnlineVectors(readDependencies(fixture), {
        plan: planOf(planned),
        runtime: NO_RUNTIME,
        entities: { name: NAMES, code: NAMES.map(() => 1) },
        at: AT,
      });
      const cells = features.flatMap((feature) => feature.cells);
      expect(new Set(cells.map((cell) => cell.servedFrom))).toEqual(new Set([servedFrom]));
      return cells.map(({ value }) => value);
    },
  };
}

const ALL = { kind: 'all' } as const;

it('goes from batch to stream and back', async () => {
  const planned = viewNamed('turns', {
    mode: 'aggregate',
    features: [
      aggregateFeature('n', { function: 'count', column: null, window: ALL, where: [] }),
      aggregateFeature('newest', {
        function: 'lastN',
        column: 'amount',
        window: { kind: 'last', count: 2 },
        where: [],
      }),
    ],
  });
  const { open, messages, land, batch, apply, read } = openTurns(planned, messageRow);
  const expected = (to: bigint) =>
    [(rows: readonly WorldRow[]) => rows.length, newestAmounts].flatMap((of) =>
      NAMES.map((name) => of(messages(0n, to).filter(({ keys }) => keys[0] === name))),
    );

  await land(0n, 10n);
  await batch();
  expect(await read()).toEqual(expected(10n));

  await apply(10n, 25n);
  expect(await read()).toEqual(expected(25n));

  // the lake has less than the stream has brought
  await land(10n, 20n);
  await expect(batch()).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await apply(18n, 27n)).toEqual({ applied: 2, late: 0, replayed: 7 });
  expect(await read()).toEqual(expected(27n));

  await land(20n, 30n);
  await batch();
  expect(await read()).toEqual(expected(30n));
  expect((await open()).offsets).toEqual(new Map([[0, 30n]]));
  expect(await apply(27n, 33n)).toEqual({ applied: 3, late: 0, replayed: 3 });
  expect(await read()).toEqual(expected(33n));
});

it('goes from a stream from the beginning to batch, and the lake answers until that is complete', async () => {
  const planned = viewNamed('from_the_beginning', {
    mode: 'aggregate',
    features: [aggregateFeature('n', { function: 'count', column: null, window: ALL, where: [] })],
  });
  const { land, batch, cancelledBatch, apply, read } = openTurns(planned, messageRow);
  await apply(0n, 9n);
  expect(await read()).toEqual([3, 3, 3]);
  await land(0n, 12n);
  await expect(cancelledBatch()).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(apply(9n, 12n)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await read('lake')).toEqual([4, 4, 4]);
  await batch();
  expect(await read()).toEqual([4, 4, 4]);
});

it('counts an event once that comes by batch, by stream and again', async () => {
  const planned = viewNamed(
    'events_in_turns',
    {
      mode: 'aggregate',
      features: [
        aggregateFeature('n', { function: 'count', column: null, window: ALL, where: [] }),
        aggregateFeature('total', { function: 'sum', column: 'amount', window: ALL, where: [] }),
      ],
    },
    { eventId: 'label' },
  );
  const row = messageRow(0n);
  const hour = 3_600_000_000n;
  const events: readonly (readonly [id: string | null, amount: bigint, event: bigint])[] = [
    ['first', 1n, 0n],
    ['second', 10n, 1n],
    ['first', 2n, 0n],
    ['second', 10n, 1n],
    ['third', 100n, 2n],
    ['first', 3n, -1n],
    [null, 5n, 3n],
    ['fourth', 1000n, -hour],
  ];
  const { land, batch, apply, read } = openTurns(planned, (sequence) => {
    const [label, amount, event] = events[Number(sequence)]!;
    return { ...row, sequence, event: NOON + event, values: { ...row.values, label, amount } };
  });
  await land(0n, 2n);
  await batch();
  expect(await read()).toEqual([2, 0, 0, 11n, null, null]);
  expect(await apply(2n, 7n)).toEqual({ applied: 5, late: 0, replayed: 0 });
  expect(await read()).toEqual([4, 0, 0, 117n, null, null]);
  // an hour before the newest, it may be one that was counted: it waits for the next materialization
  expect(await apply(7n, 8n)).toEqual({ applied: 1, late: 1, replayed: 0 });
  expect(await read()).toEqual([4, 0, 0, 117n, null, null]);
  await land(2n, 8n);
  await batch();
  expect(await read()).toEqual([5, 0, 0, 1117n, null, null]);
});

function newestAmounts(rows: readonly WorldRow[]): unknown {
  const sorted = rows.toSorted((a, b) => Number(a.event - b.event));
  return sorted
    .slice(-2)
    .map(({ values }) => values.amount)
    .reverse();
}
