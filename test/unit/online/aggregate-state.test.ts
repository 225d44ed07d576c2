import { describe, expect, it } from 'vitest';
import type { WindowManifest } from '../../../contracts/manifest.ts';
import { createAggregateCodec } from '../../../online/aggregate-state.ts';
import { createAggregateLayout } from '../../../online/aggregate-layout.ts';
import { aggregateFeature, planView } from '../../world/world.ts';

const DAY = 86_400_000_000;

function planOf(features: readonly Parameters<typeof aggregateFeature>[1][], maxEvents = 10_000) {
  return planView({
    mode: 'aggregate',
    ttlMicros: null,
    delayMicros: 0,
    hasCreated: false,
    features: features.map((feature, index) => ({ ...aggregateFeature(`f${index}`, feature), maxEvents })),
  });
}

const duration = (micros: number, resolutionMicros: number | null): WindowManifest => ({
  kind: 'duration',
  micros,
  resolutionMicros,
});
const count = (window: WindowManifest) => ({ function: 'count', column: null, window, where: [] }) as const;

describe('the layout of an aggregate view', () => {
  it('keeps one series for windows of one resolution, and as many as there are filters, columns and resolutions', () => {
    const { view, source } = planOf([
      count(duration(2 * DAY, DAY)),
      count(duration(7 * DAY, DAY)),
      count(duration(7 * DAY, DAY / 4)),
      { ...count(duration(7 * DAY, DAY)), where: [{ column: 'label', values: ['x'] }] },
      { function: 'sum', column: 'amount', window: duration(7 * DAY, DAY), where: [] },
    ]);
    const layout = createAggregateLayout(view, source);
    expect(layout.series).toHaveLength(4);
    expect(layout.features.get('f0')?.series).toBe(layout.features.get('f1')?.series);
    expect(layout.columns).toEqual(['label', 'amount']);
    expect(layout.reachMicros).toBe(8 * DAY);
  });

  it('shares no series between quantiles of another p, nor lists of another limit', () => {
    const shape = { window: { kind: 'all' }, where: [], column: 'amount' } as const;
    const { view, source } = planOf([
      { ...shape, function: 'approxQuantile', quantile: 0.5 },
      { ...shape, function: 'approxQuantile', quantile: 0.9 },
      { ...shape, function: 'collectDistinct', limit: 1 },
      { ...shape, function: 'collectDistinct', limit: 2 },
    ]);
    expect(createAggregateLayout(view, source).series).toHaveLength(4);
  });

  it('reaches back without end for last-N windows and windows over all rows', () => {
    for (const window of [{ kind: 'all' }, { kind: 'last', count: 3 }] as const) {
      const { view, source } = planOf([count(window), count(duration(DAY, DAY))]);
      expect(createAggregateLayout(view, source).reachMicros).toBeNull();
    }
  });
});

describe('the state of an aggregate view', () => {
  it('keeps no tile that no window can reach, however long the history', () => {
    const { view, source } = planOf([count(duration(3 * DAY, DAY))]);
    const codec = createAggregateCodec(view, source);
    const sizes = [4, 400].map((days) => {
      const builder = codec.start();
      for (let day = 0; day < days; day += 1) {
        builder.add({ event: BigInt(day) * BigInt(DAY), created: null, sequence: 0n }, []);
      }
      return builder.encode({ snapshot: 1, to: 0n }).length;
    });
    expect(sizes[1]! - sizes[0]!).toBeLessThan(8);
  });

  it('of an exact window keeps the newest events, and does not answer for one that reaches further', () => {
    const { view, source } = planOf([count(duration(10, null)), count(duration(3, null))], 4);
    const codec = createAggregateCodec(view, source);
    const builder = codec.start();
    for (let event = 0n; event < 9n; event += 1n) builder.add({ event, created: null, sequence: event }, []);
    const state = codec.decode(builder.encode({ snapshot: 1, to: 9n }));
    expect(state.dueAt).toBe(9n);
    expect(state.answer('f0', 9n)).toBeUndefined();
    expect(state.answer('f1', 9n)).toBe(3);
    expect(state.answer('f0', 15n)).toBe(4);
  });

  it('counts nothing for events of a filter that never matched, and still knows its newest event', () => {
    const { view, source } = planOf([{ ...count(duration(DAY, DAY)), where: [{ column: 'label', values: ['x'] }] }]);
    const codec = createAggregateCodec(view, source);
    const builder = codec.start();
    builder.add({ event: 5n, created: null, sequence: 0n }, ['y']);
    const state = codec.decode(builder.encode({ snapshot: 3, to: 6n }));
    expect(state).toMatchObject({ position: { snapshot: 3, to: 6n }, newestEvent: 5n, dueAt: 6n });
    expect(state.answer('f0', 6n)).toBe(0);
  });

  describe('that takes rows in later', () => {
    const exact = duration(100, null);
    const planOfEdge = (name: 'first' | 'last' | 'max') =>
      planOf([{ function: name, column: 'amount', window: exact, where: [] }]);
    const codecOf = ({ view, source }: ReturnType<typeof planOf>) => createAggregateCodec(view, source);
    const position = { snapshot: 1, to: 0n };
    const at = (sequence: bigint, created: bigint | null = null) => ({ event: 5n, created, sequence });

    it('gives rows of one instant the place that created and sequence say', () => {
      for (const [name, expected] of [
        ['first', 1n],
        ['last', 4n],
      ] as const) {
        const codec = codecOf(planOfEdge(name));
        const builder = codec.start();
        builder.add(at(9n, 3n), [4n]);
        builder.add(at(4n), [2n]);
        const more = codec.resume(builder.encode(position));
        more.add(at(10n), [3n]);
        more.add(at(3n), [1n]);
        more.add(at(8n, 3n), [0n]);
        expect(codec.decode(more.encode(position)).answer('f0', 6n)).toBe(expected);
      }
    });

    it('changes nothing with rows that no window reaches any more', () => {
      const codec = codecOf(planOf([count(exact), count(duration(2 * DAY, DAY))], 2));
      const builder = codec.start();
      for (const event of [10n, 11n, 12n])
        builder.add({ event: event * BigInt(DAY), created: null, sequence: event }, []);
      const bytes = builder.encode(position);
      const more = codec.resume(bytes);
      more.add({ event: 1n, created: null, sequence: 1n }, []);
      expect(more.encode(position)).toEqual(bytes);
    });

    it('refuses them where an older version kept no order of rows, and still answers', () => {
      // the events of `max` have the form that those of `last` had
      const builder = codecOf(planOfEdge('max')).start();
      builder.add(at(1n), [7n]);
      builder.add(at(2n), [3n]);
      const bytes = builder.encode(position);
      const codec = codecOf(planOfEdge('last'));
      expect(codec.decode(bytes).answer('f0', 6n)).toBe(3n);
      expect(() => codec.resume(bytes).add(at(3n), [1n])).toThrow('make them anew');
    });
  });
});
