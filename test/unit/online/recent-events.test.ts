import { describe, expect, it } from 'vitest';
import { createAggregateCodec } from '../../../online/aggregate-state.ts';
import { aggregateFeature, planView } from '../../world/world.ts';

const MINUTE = 60_000_000n;
const window = { kind: 'all' } as const;
const planned = planView({
  mode: 'aggregate',
  ttlMicros: null,
  delayMicros: 0,
  hasCreated: false,
  features: [
    aggregateFeature('n', { function: 'count', column: null, window, where: [] }),
    aggregateFeature('total', { function: 'sum', column: 'amount', window, where: [] }),
  ],
  eventId: 'label',
});
const position = { snapshot: 1, to: 0n };
const codecOf = (allowedLatenessMicros: number | null = null) =>
  createAggregateCodec(planned.view, { ...planned.source, allowedLatenessMicros });
const at = (event: bigint, sequence: bigint) => ({ event, created: null, sequence });
const LATER = 2n ** 60n;

describe('recent events', () => {
  it('are settled when they are older than the lateness, and what comes from before then is left out', () => {
    const codec = codecOf(Number(2n * MINUTE));
    const builder = codec.start();
    builder.add(at(0n, 1n), [1n], { id: 'a' });
    builder.add(at(3n * MINUTE, 2n), [10n], { id: 'b' });
    const bytes = builder.encode(position);
    const more = codec.resume(bytes);
    expect(more.add(at(MINUTE - 1n, 3n), [100n], { id: 'c' })).toBe(false);
    expect(more.encode(position)).toEqual(bytes);
    expect(more.add(at(MINUTE, 4n), [1000n], { id: 'd' })).toBe(true);
    expect(more.add(at(0n, 5n), [5n], { id: null })).toBe(true);
    const state = codec.decode(more.encode(position));
    expect(state.answer('total', LATER)).toBe(1016n);
    expect(state.answer('n', LATER)).toBe(4);
  });

  it('take no room once they are settled', () => {
    const sizes = [10n, 1000n].map((count) => {
      const builder = codecOf(Number(MINUTE)).start();
      for (let event = 0n; event < count; event += 1n) {
        builder.add(at(event * MINUTE, event), [1n], { id: `event ${event}` });
      }
      return builder.encode(position).length;
    });
    expect(sizes[1]! - sizes[0]!).toBeLessThan(16);
  });

  it('are 10,000 at most: of more the oldest are settled, with their whole instant', () => {
    const codec = codecOf();
    const builder = codec.start();
    for (let event = 0n; event < 21_000n; event += 1n) builder.add(at(event >> 1n, event), [1n], { id: `${event}` });
    const more = codec.resume(builder.encode(position));
    expect(more.add(at(5_499n, 21_000n), [7n], { id: '20998' })).toBe(false);
    expect(more.add(at(5_500n, 21_001n), [7n], { id: '11000' })).toBe(true);
    const state = codec.decode(more.encode(position));
    expect(state.answer('n', LATER)).toBe(21_000);
    expect(state.answer('total', LATER)).toBe(21_006n);
  });

  it('of values from before they were kept are all settled', () => {
    // without ids, states have the form that all had
    const builder = createAggregateCodec(planned.view, { ...planned.source, eventId: null }).start();
    builder.add(at(5n, 1n), [1n]);
    const more = codecOf().resume(builder.encode(position));
    expect(more.add(at(5n, 2n), [2n], { id: 'a' })).toBe(false);
    expect(more.add(at(6n, 2n), [4n], { id: 'a' })).toBe(true);
    expect(codecOf().decode(more.encode(position)).answer('total', LATER)).toBe(5n);
  });
});
