import { count, entity, featureView, fileSource, max, sum } from 'asof';

export const item = entity('item', { keys: { key: 'int64' } });

export const events = fileSource('events', {
  path: 'events.parquet',
  timestamp: 'event_ts',
  schema: { key: 'int64', event_ts: 'timestamp', value: 'float64' },
});

export const windows = featureView('windows', {
  entities: [item],
  source: events,
  features: {
    count_1h: count({ window: '1h' }),
    sum_1h: sum('value', { window: '1h' }),
    count_1d: count({ window: '1d' }),
    sum_1d: sum('value', { window: '1d' }),
    count_7d: count({ window: '7d' }),
    sum_7d: sum('value', { window: '7d' }),
    max_7d: max('value', { window: '7d' }),
    sum_last_10: sum('value', { last: 10 }),
  },
});
