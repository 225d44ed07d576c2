/** A small project for awkward data: keys of several columns and beyond 2^53, text that looks like numbers. */
import { createProject, type Project } from './project.ts';

export const BEYOND_DOUBLES = '9007199254740993';
export const GREATEST = '9223372036854775807';

const CONFIG = `import { defineConfig } from 'asof';

export default defineConfig({ project: 'payments', definitions: 'features.ts' });
`;

export const PAYMENT_DEFINITIONS = `import {
  count, derivedView, entity, expectation, featureService, featureView, fileSource, lastN, numeric, requestSource, sum, text,
} from 'asof';

export const account = entity('account', { keys: { account_id: 'int64' } });
export const pair = entity('pair', { keys: { payer: 'string', payee: 'string' } });

export const payments = fileSource('payments', {
  path: 'data/payments/*.csv',
  timestamp: 'paid_at',
  schema: {
    paid_at: 'timestamp', account_id: 'int64', payer: 'string', payee: 'string', amount: 'int64', note: 'string',
  },
  expectations: [
    expectation('expect_column_values_to_not_be_null', { column: 'account_id' }, { onFailure: 'quarantine' }),
    expectation('expect_column_values_to_be_between', { column: 'amount', min_value: 0 }, { onFailure: 'quarantine' }),
    expectation('expect_column_values_to_not_be_in_set', { column: 'note', value_set: ['poison'] }),
  ],
});

export const accountPayments = featureView('account_payments', {
  entities: [account], source: payments, online: true,
  features: {
    payments_7d: count({ window: '7d' }),
    amount_7d: sum('amount', { window: '7d', default: 0n }),
    recent: lastN('amount', 3),
  },
});

export const latestPayment = featureView('latest_payment', {
  entities: [account], source: payments, ttl: '30d', online: true,
  features: { amount: numeric(), note: text() },
});

export const pairLatest = featureView('pair_latest', {
  entities: [pair], source: payments, online: true,
  features: { amount: numeric() },
});

export const request = requestSource('request', { schema: { budget: 'int64' } });

export const headroom = derivedView('headroom', {
  inputs: [request, latestPayment],
  features: { affordable: numeric() },
  compute: ({ request: asked, latest_payment: latest }) => ({
    affordable: asked.budget === null || latest.amount === null ? null : Number(asked.budget - latest.amount),
  }),
});

export const everything = featureService('everything', {
  features: [accountPayments, latestPayment, pairLatest, headroom],
});
`;

const HEADER = 'paid_at,account_id,payer,payee,amount,note';

/** Two payments of account 1, one each of two accounts that are equal as doubles, and two pairs that are equal as text. */
const PAYMENTS = [
  HEADER,
  '2024-03-01T10:00:00Z,1,1,23,10,first',
  '2024-03-02T10:00:00.000001Z,1,12,3,20,007',
  `2024-03-02T11:00:00Z,${BEYOND_DOUBLES},a|b,"c,""d""",${GREATEST},""`,
  `2024-03-02T11:00:00Z,${String(BigInt(BEYOND_DOUBLES) - 1n)},a,b|c,5,`,
  '',
].join('\n');

export function createPaymentsProject(): Project {
  const project = createProject();
  project.write('asof.config.ts', CONFIG);
  project.write('features.ts', PAYMENT_DEFINITIONS);
  project.write('data/payments/2024-03.csv', PAYMENTS);
  return project;
}

/** The text of a file of payments. */
export function paymentsFile(...rows: readonly string[]): string {
  return [HEADER, ...rows, ''].join('\n');
}
