import { describe, expect, it } from 'vitest';
import { floorToGrid, formatInstant, parseInstant, requireInstant } from '../../../contracts/time.ts';

/** 2024-01-31T12:00:00Z. */
const NOON = 1_706_702_400_000_000n;
const HOUR = 3_600_000_000n;

describe('an instant', () => {
  it.each([
    ['2024-01-31T12:00:00Z', NOON],
    ['2024-01-31 12:00', NOON],
    ['2024-01-31T12:00:00.000001', NOON + 1n],
    ['2024-01-31T12:00:00.1234569Z', NOON + 123_456n],
    ['2024-01-31', NOON - 12n * HOUR],
    ['1969-12-31T23:59:59.999999Z', -1n],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000_000n],
  ])('without a zone or in UTC is read to the microsecond: %s', (text, micros) => {
    expect(parseInstant(text)).toBe(micros);
  });

  it.each([
    ['2024-01-31T12:00:00+05:30', NOON - 5n * HOUR - HOUR / 2n],
    ['2024-01-31T12:00:00-0330', NOON + 3n * HOUR + HOUR / 2n],
    ['2024-01-31T12:00:00+02', NOON - 2n * HOUR],
  ])('with another offset is converted: %s', (text, micros) => {
    expect(parseInstant(text)).toBe(micros);
  });

  it.each(['', 'noon', '2024-02-30', '2024-13-01', '2024-01-31T25:00', '2024-1-31', '1704067200'])(
    'is not %j',
    (text) => {
      expect(parseInstant(text)).toBeUndefined();
      expect(() => requireInstant(text, 'here')).toThrow(expect.objectContaining({ code: 'INVALID_INSTANT' }));
    },
  );

  it.each([
    [NOON + 1n, '2024-01-31T12:00:00.000001Z'],
    [-1n, '1969-12-31T23:59:59.999999Z'],
    [0n, '1970-01-01T00:00:00.000000Z'],
  ])('is written with six digits: %s', (micros, text) => {
    expect(formatInstant(micros)).toBe(text);
    expect(parseInstant(text)).toBe(micros);
  });
});

it.each([
  [7n, 3, 6n],
  [6n, 3, 6n],
  [-1n, 3, -3n],
  [-3n, 3, -3n],
  [NOON + 1n, 900_000_000, NOON],
])('the floor of %s on a grid of %i counts from the epoch', (instant, step, floor) => {
  expect(floorToGrid(instant, step)).toBe(floor);
});
