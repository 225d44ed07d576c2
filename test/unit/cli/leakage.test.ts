import { expect, test } from 'vitest';
import { describeFits, describeLeakage } from '../../../cli/leakage.ts';

test('leakage in words says that there is none only of features that can tell', () => {
  expect(describeLeakage({ a: 0, b: 'unknown' })).toEqual([
    'Leakage: none found.',
    'Leakage unknown, no created timestamp: 1 feature.',
  ]);
  expect(describeLeakage({ b: 'unknown', c: 'unknown' })).toEqual([
    'Leakage unknown, no created timestamp: 2 features.',
  ]);
  expect(describeLeakage({ a: 1200, b: 0 })).toEqual([
    'Leakage, values made from rows created after their time (--as-known avoids it):',
    '  a: 1,200 values',
  ]);
});

test('fits in words name the rows that are older than what was learned', () => {
  const until = '2024-02-01T00:00:00.000000Z';
  expect(describeFits({ a: { version: 2, until, rowsBefore: 0 }, b: { version: 1, until, rowsBefore: 1200 } })).toEqual(
    [`a: fit 2, until ${until}.`, `b: fit 1, until ${until}; 1,200 rows are older than that.`],
  );
});
