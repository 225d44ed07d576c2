import { describe, expect, it } from 'vitest';
import { AsofError } from '../../../contracts/errors.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import { createAsofCodec } from '../../../online/asof-state.ts';
import { cellAt } from '../../../online/entity-answer.ts';
import type { LakeReader } from '../../../online/lake-reader.ts';
import { presentCell } from '../../../online/online-cell.ts';
import { startDeadline } from '../../../online/read-deadline.ts';
import type { FetchedView } from '../../../online/state-fetch.ts';
import { answerView, type ViewQuestion } from '../../../online/view-answers.ts';
import { aggregateFeature, columnFeature, planView } from '../../world/world.ts';

const NOW = 1_704_067_200_000_000n;
const POSITION = { snapshot: 1, to: NOW };
const view = planView({
  mode: 'asof',
  ttlMicros: MICROS_PER_HOUR,
  delayMicros: 0,
  hasCreated: false,
  features: [columnFeature('amount', null), columnFeature('label', 'none')],
});
const KEY = ['a', 1n];

const fromLake: LakeReader = {
  read: async ({ keys, view: { features } }) => keys.map(() => features.map(() => presentCell(8n, 0n, 'lake'))),
};

function stateAt(event: Micros): Buffer {
  const codec = createAsofCodec(view.view, view.source);
  return Buffer.from(codec.encode({ order: { event, created: null, sequence: 0n }, values: [5n, null] }));
}

async function answer(
  question: Partial<ViewQuestion>,
  fetched: Partial<FetchedView>,
  lake: LakeReader | null = fromLake,
) {
  const { answers, places } = await answerView(
    { lake },
    {
      view,
      keys: [KEY],
      fetched: { available: true, position: POSITION, states: [null], ...fetched },
      at: NOW,
      now: NOW,
      isDenied: () => false,
      ...question,
    },
  );
  return cellAt(answers[0]!, places.get('f_amount')!);
}

describe('a view answers', () => {
  it('from the state, when it is not later than the instant', async () => {
    expect(await answer({}, { states: [stateAt(NOW)] })).toMatchObject({ value: 5n, servedFrom: 'online' });
    expect(await answer({ at: NOW - 1n }, { states: [stateAt(NOW)] })).toMatchObject({ value: 8n, servedFrom: 'lake' });
  });

  it('for an absent key without asking the lake, once it was materialized', async () => {
    expect(await answer({}, {})).toMatchObject({ status: 'MISSING', servedFrom: 'online' });
    expect(await answer({}, { position: undefined })).toMatchObject({ value: 8n, servedFrom: 'lake' });
  });

  it('from the lake for an absent key that Redis may have let go', async () => {
    const at = NOW - BigInt(MICROS_PER_DAY);
    expect((await answer({ at }, {})).servedFrom).toBe('online');
    expect((await answer({ at: at - 1n }, {})).servedFrom).toBe('lake');
    const endless = { ...view, view: { ...view.view, ttlMicros: null } };
    expect((await answer({ view: endless, at: at - 1n }, {})).servedFrom).toBe('online');
  });

  it('nothing for a key with a null', async () => {
    expect(await answer({ keys: [null] }, { position: undefined })).toMatchObject({ status: 'MISSING' });
  });

  it('as unavailable when neither Redis nor the lake can tell', async () => {
    const away: LakeReader = {
      read: async () => {
        throw new AsofError('CATALOG_UNAVAILABLE', { problem: 'away' });
      },
    };
    expect((await answer({}, { available: false, states: [] })).status).toBe('UNAVAILABLE');
    expect((await answer({}, { position: undefined }, null)).status).toBe('UNAVAILABLE');
    expect((await answer({}, { position: undefined }, away)).status).toBe('UNAVAILABLE');
  });

  it('with the error of a lake that will not answer better next time', async () => {
    const broken: LakeReader = {
      read: async () => {
        throw new AsofError('LAKE_FILE_CORRUPT', { path: 'x', problem: 'short' });
      },
    };
    await expect(answer({}, { position: undefined }, broken)).rejects.toThrow('x: short');
  });

  it('nothing of what the caller may not see', async () => {
    const isDenied = (feature: string) => feature === 'f_amount';
    expect(await answer({ isDenied }, { states: [stateAt(NOW)] })).toMatchObject({ value: null, status: 'DENIED' });
    expect(await answer({ isDenied }, { available: false, states: [] })).toMatchObject({ status: 'DENIED' });
  });

  it('for windows of an absent key with 0 for counts and null or default for others', async () => {
    const window = { kind: 'all' } as const;
    const windows = planView({
      mode: 'aggregate',
      ttlMicros: null,
      delayMicros: 0,
      hasCreated: false,
      features: [
        aggregateFeature('n', { function: 'count', column: null, window, where: [] }),
        aggregateFeature('total', { function: 'sum', column: 'amount', window, where: [] }),
        { ...aggregateFeature('least', { function: 'min', column: 'amount', window, where: [] }), default: '3' },
      ],
    });
    const fetched = { available: true, position: POSITION, states: [null] };
    const question = { view: windows, keys: [KEY], fetched, at: NOW, now: NOW, isDenied: () => false };
    const { answers, places } = await answerView({ lake: null }, question);
    const cells = [...places].map(([name, place]) => ({ name, ...cellAt(answers[0]!, place) }));
    expect(cells.map(({ name, value, status }) => [name, value, status])).toEqual([
      ['n', 0, 'PRESENT'],
      ['total', null, 'NULL'],
      ['least', 3n, 'DEFAULT'],
    ]);
  });
});

it('what the lake has not given by the deadline is unavailable, and refused work is an error', async () => {
  const never: LakeReader = { read: () => new Promise(() => undefined) };
  const old = { at: NOW - 2n * BigInt(MICROS_PER_DAY), deadline: startDeadline(5) };
  expect(await answer(old, { states: [stateAt(NOW)] }, never)).toMatchObject({ status: 'UNAVAILABLE', value: null });
  const interrupted: LakeReader = {
    read: async ({ deadline }) => {
      await new Promise((resolve) => deadline!.signal.addEventListener('abort', resolve));
      throw new AsofError('CANCELLED', { where: 'the lake' });
    },
  };
  const again = { ...old, deadline: startDeadline(5) };
  expect(await answer(again, { states: [stateAt(NOW)] }, interrupted)).toMatchObject({ status: 'UNAVAILABLE' });
  const full: LakeReader = {
    read: async () => {
      throw new AsofError('OVERLOADED', { what: 'reads of the lake', most: 1, mostQueued: 0 });
    },
  };
  const asked = answer({ ...old, deadline: startDeadline(1000) }, { states: [stateAt(NOW)] }, full);
  await expect(asked).rejects.toMatchObject({ code: 'OVERLOADED' });
});
