/** What the chaos project defines: one source, a view of newest rows, a view of windows. */

export const SOURCE = 'payments';
export const VIEWS = ['latest', 'totals'] as const;
export type ViewName = (typeof VIEWS)[number];

/** Files are read from `inputs` of the project directory. Amounts are all different, so that a value tells its row. */
export const DEFINITIONS = `
import { count, entity, expectation, featureView, fileSource, lastN, max, numeric, sum } from 'asof';

export const account = entity('account', { keys: { name: 'string' } });
export const payments = fileSource('${SOURCE}', {
  path: 'inputs/*.csv', timestamp: 'happened', schema: { happened: 'timestamp', name: 'string', amount: 'int64' },
  expectations: [expectation('expect_column_values_to_not_be_null', { column: 'name' }, { onFailure: 'quarantine' })],
});
export const latest = featureView('latest', {
  entities: [account], source: payments, online: true, ttl: '3d', features: { amount: numeric() },
});
export const totals = featureView('totals', {
  entities: [account], source: payments, online: true,
  features: {
    payments_1d: count({ window: '1d' }),
    amount_7d: sum('amount', { window: '7d' }),
    greatest: max('amount', { window: 'all' }),
    recent: lastN('amount', 3),
  },
});
`;

export const FIRST_DAY = Date.UTC(2024, 0, 1);
export const DAYS = 8;
export const DAY_MILLIS = 86_400_000;
/** Awkward on purpose. */
export const ACCOUNTS = ['ann', "o'neill", 'a,b', 'zoë', '007', 'ghost "x"'] as const;

/** The first instant of a day of the project, counted from 0. */
export function dayText(day: number): string {
  return new Date(FIRST_DAY + day * DAY_MILLIS).toISOString();
}
