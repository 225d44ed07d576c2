import { describe, expect, it } from 'vitest';
import { MICROS_PER_DAY, MICROS_PER_HOUR, requireInstant } from '../../../contracts/time.ts';
import { lateBefore, touchedTime } from '../../../ingestion/lateness.ts';

const at = (text: string): bigint => requireInstant(text, 'test');
const NOW = at('2024-06-01');
const DAY = { allowedLatenessMicros: MICROS_PER_DAY };

describe('the instant before which rows come too late', () => {
  it('is the newest event that is held less what the source allows', () => {
    const held = [{ maxEvent: at('2024-01-03T12:00') }, { maxEvent: at('2024-01-05T06:30') }, { maxEvent: null }];
    expect(lateBefore(DAY, held, NOW)).toBe(at('2024-01-04T06:30'));
  });

  it.each([
    ['a source that allows any lateness', { allowedLatenessMicros: null }, [{ maxEvent: at('2024-01-03') }]],
    ['the first rows of a source', DAY, []],
    ['a source of rows without a time', DAY, [{ maxEvent: null }]],
  ])('does not exist for %s', (_, source, held) => {
    expect(lateBefore(source, held, NOW)).toBeNull();
  });

  it('goes by the clock where an event is later than that', () => {
    expect(lateBefore(DAY, [{ maxEvent: at('9999-01-01') }], NOW)).toBe(at('2024-05-31'));
  });
});

describe('the time that rows touch', () => {
  const day = (date: string, first: string, last: string) => ({
    ...{ day: at(date), rows: 1, first: at(`${date}T${first}`), last: at(`${date}T${last}`) },
  });
  const texts = (ranges: readonly { readonly from: bigint; readonly to: bigint }[]): readonly number[][] =>
    ranges.map(({ from, to }) => [from, to].map((one) => Number(one - at('2024-01-01')) / MICROS_PER_HOUR));
  const touched = (before: string | null, ...days: ReturnType<typeof day>[]) => {
    const { dirty, late } = touchedTime(days, before === null ? null : at(before));
    return { dirty: texts(dirty), late: texts(late) };
  };

  it('is whole days where nothing is too late', () => {
    expect(touched(null, day('2024-01-01', '03:10', '03:20'))).toEqual({ dirty: [[0, 24]], late: [] });
  });

  it('is late in the hours from the first row of a day to its last, up to the bound', () => {
    expect(touched('2024-01-03', day('2024-01-01', '03:10', '05:00'))).toEqual({ dirty: [], late: [[3, 6]] });
    expect(touched('2024-01-01T05:30', day('2024-01-01', '03:10', '05:20'))).toEqual({ dirty: [], late: [[3, 5.5]] });
  });

  it('is dirty from the bound on, and both where rows stand on both sides of it', () => {
    expect(touched('2024-01-01T05:30', day('2024-01-01', '05:30', '07:00'))).toEqual({ dirty: [[5.5, 24]], late: [] });
    expect(touched('2024-01-01T05:30', day('2024-01-01', '03:10', '07:00'))).toEqual({
      dirty: [[5.5, 24]],
      late: [[3, 5.5]],
    });
  });

  it('is the whole day before the bound when nobody noted the first and the last row', () => {
    const { dirty, late } = touchedTime([{ day: at('2024-01-01'), rows: 1 }], at('2024-01-01T06:00'));
    expect([texts(dirty), texts(late)]).toEqual([[[6, 24]], [[0, 6]]]);
  });

  it('is nothing for rows without a time', () => {
    const { dirty, late } = touchedTime([{ day: null, rows: 3 }], at('2024-01-01'));
    expect([...dirty, ...late].filter(({ from, to }) => from < to)).toEqual([]);
  });
});
