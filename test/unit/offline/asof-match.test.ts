import { expect, test } from 'vitest';
import { candidatesSql, greaterTiesSql, matchesAsKnownSql, requestedEvents } from '../../../offline/asof-match.ts';
import { rowOrderSql, type OrderExtremes } from '../../../offline/row-order-sql.ts';

const input = { events: 'SELECT * FROM rows', requests: 'asked', keys: ['a', 'b"c'], delayMicros: 60 };
const extremes: OrderExtremes = {
  minEvent: 0n,
  maxEvent: 999n,
  minCreated: null,
  maxCreated: null,
  minSequence: 5n,
  maxSequence: 14n,
};
const squeeze = (sql: string): string => sql.replaceAll(/\s+/g, ' ');

test('a candidate is the last row by event at q less the delay, by the tuple of keys', () => {
  expect(squeeze(candidatesSql(input))).toBe(
    `SELECT r.__row, r.__at, r."a", r."b""c", e.__event_micros, e.__created_micros, e.__seq ` +
      `FROM (SELECT *, epoch_us(__at) - '60'::BIGINT AS __bound FROM asked) r ` +
      `ASOF JOIN (SELECT "a", "b""c", epoch_us(__event) AS __event_micros, epoch_us(__created) AS __created_micros, __seq ` +
      `FROM (SELECT * FROM rows)) e ON r."a" = e."a" AND r."b""c" = e."b""c" AND r.__bound >= e.__event_micros`,
  );
});

test('ties are told apart for the candidates alone', () => {
  const sql = squeeze(greaterTiesSql(input, 'found'));
  expect(sql).toContain('SELECT DISTINCT "a", "b""c", __event_micros, __created_micros, __seq FROM found');
  expect(sql).toContain('c.__event_micros = e.__event_micros');
  expect(sql).toContain('e.__seq > c.__seq');
});

test('as known, a row enters when it is both due and created', () => {
  const sql = squeeze(matchesAsKnownSql(input, rowOrderSql(extremes)));
  expect(sql).toContain(`greatest(epoch_us(__event) + '60'::BIGINT, epoch_us(__created)) AS __entry`);
  expect(sql).toContain('WHERE __created IS NOT NULL');
  expect(sql).toContain('epoch_us(r.__at) >= e.__entry');
});

test('events are those of the requested keys', () => {
  expect(requestedEvents('SELECT 1', ['k'], 'asked')).toBe(
    'SELECT e.* FROM (SELECT 1) e SEMI JOIN asked r ON e."k" = r."k"',
  );
});

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
