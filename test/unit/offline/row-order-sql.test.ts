import { expect, test } from 'vitest';
import { rowOrderSql, type OrderExtremes } from '../../../offline/row-order-sql.ts';

const extremes: OrderExtremes = {
  minEvent: 0n,
  maxEvent: 999n,
  minCreated: null,
  maxCreated: null,
  minSequence: 5n,
  maxSequence: 14n,
};

test.each([
  ['BIGINT', extremes],
  ['HUGEINT', { ...extremes, maxEvent: 2n ** 60n }],
])('an order that fits is packed into %s', (type, given) => {
  expect(rowOrderSql(given).order).toContain(`::${type} *`);
});

test('an order that does not fit is a struct', () => {
  const wide = { ...extremes, minCreated: 0n, maxCreated: 2n ** 62n, maxEvent: 2n ** 62n, maxSequence: 2n ** 40n };
  expect(rowOrderSql(wide).order).toMatch(/^\{ 'event'/);
});
