import { expect, test } from 'vitest';
import { describeLeakage } from '../../../cli/leakage.ts';

test('leakage in words says that there is none only of features that can tell', () => {
  expect(describeLeakage({ a: 0, b: 'unknown' })).toEqual([
    'Leakage: none found.',
    'Leakage unknown, no created timestamp: 1 features.',
  ]);
  expect(describeLeakage({ b: 'unknown', c: 'unknown' })).toEqual([
    'Leakage unknown, no created timestamp: 2 features.',
  ]);
  expect(describeLeakage({ a: 1200, b: 0 })).toEqual([
    'Leakage, values made from rows created after their time (--as-known avoids it):',
    '  a: 1,200 values',
  ]);
});
