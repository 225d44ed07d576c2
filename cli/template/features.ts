import {
  count,
  derivedView,
  entity,
  expectation,
  featureService,
  featureView,
  fileSource,
  mean,
  numeric,
  sum,
} from 'asof';

export const customer = entity('customer', { keys: { customer_id: 'int64' } });

export const orders = fileSource('orders', {
  path: 'data/orders.csv',
  timestamp: 'ordered_at',
  schema: { ordered_at: 'timestamp', customer_id: 'int64', amount: 'float64', items: 'int64' },
  expectations: [
    expectation('expect_column_values_to_not_be_null', { column: 'customer_id' }, { onFailure: 'quarantine' }),
    expectation('expect_column_values_to_be_between', { column: 'amount', min_value: 0 }, { onFailure: 'quarantine' }),
  ],
});

export const customerOrders = featureView('customer_orders', {
  entities: [customer],
  source: orders,
  online: true,
  features: {
    orders_7d: count({ window: '7d' }),
    amount_7d: sum('amount', { window: '7d', default: 0 }),
    amount_mean_last_5: mean('amount', { last: 5 }),
  },
});

export const latestOrder = featureView('latest_order', {
  entities: [customer],
  source: orders,
  ttl: '30d',
  online: true,
  features: { items: numeric({ description: 'items in the newest order' }) },
});

export const spending = derivedView('spending', {
  inputs: [customerOrders],
  features: { amount_per_order_7d: numeric() },
  compute: ({ customer_orders: orders }) => ({
    amount_per_order_7d: orders.orders_7d ? (orders.amount_7d ?? 0) / orders.orders_7d : null,
  }),
});

export const churn = featureService('churn_v1', { features: [customerOrders, latestOrder, spending] });
