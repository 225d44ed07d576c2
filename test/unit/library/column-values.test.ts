import { describe, expect, it } from 'vitest';
import { Timestamp } from '../../../contracts/timestamp.ts';
import type { ColumnType } from '../../../contracts/values.ts';
import { inputValue, readColumnValue } from '../../../library/column-values.ts';

const NOON = '2024-01-01T12:00:00.000000Z';
const MICROS = 1_704_110_400_000_000n;

describe('readColumnValue', () => {
  it.each<readonly [ColumnType, unknown, unknown]>([
    ['int64', 5, '5'],
    ['int64', 2n ** 62n, (2n ** 62n).toString()],
    ['int64', '-7', '-7'],
    ['float64', 1.5, 1.5],
    ['float64', Number.NaN, 'NaN'],
    ['string', '', ''],
    ['boolean', false, false],
    ['float32[2]', [1, 2], [1, 2]],
    ['string[]', ['a', null], ['a', null]],
    ['timestamp', NOON, NOON],
    ['timestamp', '2024-01-01T14:00:00+02:00', NOON],
    ['timestamp', new Date(Date.UTC(2024, 0, 1, 12)), NOON],
    ['timestamp', new Timestamp(MICROS + 1n), '2024-01-01T12:00:00.000001Z'],
    ['timestamp[s]', 1_704_110_400, NOON],
    ['timestamp[ms]', 1_704_110_400_000n, NOON],
    ['timestamp[us]', new Timestamp(MICROS), NOON],
  ])('reads %s %s', (type, value, json) => {
    expect(readColumnValue(value, type, null)).toEqual(json);
  });

  it.each<readonly [ColumnType, unknown]>([
    ['int64', 1.5],
    ['int64', 2n ** 63n],
    ['int64', true],
    ['float64', '1.5'],
    ['string', 7],
    ['string', 'half a \ud83d'],
    ['string[]', ['\udc00']],
    ['boolean', 'true'],
    ['float32[2]', [1]],
    ['timestamp', 'yesterday'],
    ['timestamp', 5],
    ['timestamp', new Timestamp(400_000_000_000_000_000n)],
    ['timestamp[s]', new Timestamp(MICROS + 1n)],
    ['timestamp[ms]', 1.5],
  ])('refuses %s %s', (type, value) => {
    expect(readColumnValue(value, type, null)).toBeUndefined();
  });

  it.each([
    ['2024-07-01T12:00:00', '2024-07-01T10:00:00.000000Z'],
    ['2024-07-01', '2024-06-30T22:00:00.000000Z'],
    ['2024-07-01T12:00:00Z', '2024-07-01T12:00:00.000000Z'],
    ['2024-07-01 12:00:00 +00', '2024-07-01T12:00:00.000000Z'],
  ])('reads the wall clock of the zone: %s', (text, instant) => {
    expect(readColumnValue(text, 'timestamp', 'Europe/Berlin')).toBe(instant);
  });
});

describe('inputValue', () => {
  it('is what the declared column reads', () => {
    expect(inputValue(NOON, 'timestamp')).toBe(NOON);
    expect(inputValue(NOON, 'timestamp[s]')).toBe('1704110400');
    expect(inputValue(NOON, 'timestamp[ms]')).toBe('1704110400000');
    expect(inputValue(null, 'timestamp[us]')).toBeNull();
    expect(inputValue('5', 'int64')).toBe('5');
  });
});
