import { describe, expect, it } from 'vitest';
import { asofDueAt, createAsofCodec } from '../../../online/asof-state.ts';
import { columnFeature, planView, type ValueColumn } from '../../world/world.ts';

const EVENT = 1_704_067_200_000_001n;
const ALL: readonly ValueColumn[] = ['amount', 'price', 'label', 'flag', 'seen', 'vector'];

function codecOf(columns: readonly ValueColumn[]) {
  const features = columns.map((column) => columnFeature(column, null));
  const { view, source } = planView({ mode: 'asof', ttlMicros: null, delayMicros: 0, hasCreated: true, features });
  return createAsofCodec(view, source);
}

describe('the state of an as-of view', () => {
  it('comes back as it was written', () => {
    const codec = codecOf(ALL);
    const order = { event: EVENT, created: EVENT + 5n, sequence: 12n };
    const values = [2n ** 63n - 1n, -0, 'a\0b', false, -1n, [0.5, -2]];
    expect(codec.decode(codec.encode({ order, values }))).toEqual({ order, values });
  });

  it.each([[ALL.map(() => null)], [[null, 1.5, null, true, null, null]]])('keeps nulls: %j', (values) => {
    const codec = codecOf(ALL);
    const order = { event: -1n, created: null, sequence: 0n };
    expect(codec.decode(codec.encode({ order, values })).values).toEqual(values);
  });

  it('tells a deleted key from one whose values are all null', () => {
    const codec = codecOf(['label']);
    const order = { event: 0n, created: null, sequence: 0n };
    expect(codec.decode(codec.encode({ order, values: null })).values).toBeNull();
    expect(codec.decode(codec.encode({ order, values: [null] })).values).toEqual([null]);
  });

  it.each([
    { event: 2n ** 53n, created: null, sequence: 0n },
    { event: -62_135_596_800_000_000n, created: 253_402_300_799_999_999n, sequence: 2n ** 63n - 1n },
    { event: 0n, created: 0n, sequence: 2n ** 32n },
  ])('keeps an order of any size: $event $created $sequence', (order) => {
    const codec = codecOf(['flag']);
    expect(codec.decode(codec.encode({ order, values: [true] })).order).toEqual(order);
  });

  it('is small: ten doubles and an order in 92 bytes', () => {
    const codec = codecOf(['price']);
    const one = codec.encode({ order: { event: EVENT, created: null, sequence: 5n }, values: [0.1] });
    expect(one).toHaveLength(12 + 8);
  });

  it('refuses a format that it does not know', () => {
    expect(() => codecOf(['flag']).decode(Buffer.from([0xe0, 0, 0]))).toThrow('format 7');
  });
});

describe('a row of an as-of view', () => {
  const { view } = planView({ mode: 'asof', ttlMicros: null, delayMicros: 10, hasCreated: true, features: [] });
  const order = { event: EVENT, created: EVENT + 50n, sequence: 0n };

  it('is due once its delay has passed', () => {
    expect(asofDueAt(view, order)).toBe(EVENT + 10n);
  });

  it('is due, as known, not before it was created', () => {
    expect(asofDueAt({ ...view, asKnown: true }, order)).toBe(EVENT + 50n);
    expect(asofDueAt({ ...view, asKnown: true }, { ...order, created: EVENT })).toBe(EVENT + 10n);
  });
});
