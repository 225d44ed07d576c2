/** Verdicts beside what is known of a made world: rows of one key arrive one by one, and a read sees those of some prefix. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { absentCell, presentCell, type OnlineCell } from '../../../online/online-cell.ts';
import { verdictOf } from '../../../online/sample-verdicts.ts';
import { columnFeature } from '../../world/world.ts';

const FEATURE = columnFeature('price', null);

interface Row {
  readonly event: number;
  readonly value: number;
}

/** Brute force: the newest row of those that had arrived, the later arrival of equal ones. */
function cellOf(rows: readonly Row[]): OnlineCell {
  const newest = rows.reduce<Row | undefined>((best, row) => (best && best.event > row.event ? best : row), undefined);
  return newest
    ? presentCell(newest.value, BigInt(newest.event), 'online')
    : absentCell(FEATURE, 'MISSING', null, 'online');
}

const text = ({ value, status, eventTimestamp }: OnlineCell): string => `${status} ${String(value)} ${eventTimestamp}`;

const WORLDS = fc
  .record({
    rows: fc.array(fc.record({ event: fc.nat(5), value: fc.nat(4) }), { maxLength: 8 }),
    cuts: fc.tuple(fc.nat(8), fc.nat(8), fc.nat(8)),
    isOpen: fc.boolean(),
    tampered: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
  })
  .map(({ rows, cuts, ...rest }) => {
    const [low, read, high] = cuts.map((cut) => Math.min(cut, rows.length)).sort((a, b) => a - b) as [
      number,
      number,
      number,
    ];
    return { rows, low, read, high, ...rest };
  });

it('an honest value is never called different, and what is called so no rows within the bounds explain', () => {
  fc.assert(
    fc.property(WORLDS, ({ rows, low, read, high, isOpen, tampered }) => {
      const prefix = (length: number): OnlineCell => cellOf(rows.slice(0, length));
      const between = Array.from({ length: high - low + 1 }, (_, place) => text(prefix(low + place)));
      // a value that another of its instant replaced, and that came back, cannot be told from one that stayed
      fc.pre(between.at(-1) !== between[0] || new Set(between).size === 1);
      const honest = prefix(read);
      const served = tampered === undefined ? honest : presentCell(tampered, honest.eventTimestamp ?? 0n, 'online');
      const now = prefix(rows.length);
      const verdict = verdictOf(served, { now, ends: [prefix(low), prefix(high)], isOpen });
      const isNow = text(served) === text(now);
      const isEnd = [low, high].some((length) => text(prefix(length)) === text(served));

      expect(verdict === 'equal').toBe(isNow);
      expect(verdict === 'late').toBe(!isNow && isEnd);
      const areEndsAlike = text(prefix(low)) === text(prefix(high));
      expect(verdict === 'different').toBe(!isNow && !isEnd && !isOpen && areEndsAlike);
      if (tampered === undefined) expect(verdict).not.toBe('different');
      if (verdict === 'different') {
        expect(between).not.toContain(text(served));
      }
    }),
    { numRuns: 2000 },
  );
});

it('what could not be answered, or may not be seen, is nothing of either', () => {
  const now = presentCell(1, 0n, 'lake');
  for (const [status, verdict] of [
    ['UNAVAILABLE', 'unavailable'],
    ['DENIED', 'denied'],
  ] as const) {
    const served: OnlineCell = { value: null, status, eventTimestamp: null, servedFrom: 'online' };
    expect(verdictOf(served, { now, ends: [now], isOpen: false })).toBe(verdict);
  }
});
