import { describe, expect, it } from 'vitest';
import { Timestamp } from '../../../contracts/timestamp.ts';
import { formatJsonValue } from '../../../online/value-json.ts';

describe('values as JSON', () => {
  it.each([
    [1n, 1],
    [2n ** 53n - 1n, 2 ** 53 - 1],
    [-(2n ** 53n), '-9007199254740992'],
    [2n ** 63n - 1n, '9223372036854775807'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [0.1, 0.1],
    ['', ''],
    [false, false],
    [null, null],
    [new Timestamp(1n), '1970-01-01T00:00:00.000001Z'],
    [
      [2n ** 60n, null],
      ['1152921504606846976', null],
    ],
  ])('%s is %j', (value, json) => {
    expect(formatJsonValue(value)).toEqual(json);
  });
});
