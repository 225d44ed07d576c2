import { entity, featureView, fileSource, numeric } from 'asof';

export const item = entity('item', { keys: { key: 'int64' } });

export const readings = fileSource('readings', {
  path: 'features.parquet',
  timestamp: 'event_ts',
  created: 'created_ts',
  schema: {
    key: 'int64',
    event_ts: 'timestamp',
    created_ts: 'timestamp',
    f0: 'float64',
    f1: 'float64',
    f2: 'float64',
    f3: 'float64',
    f4: 'float64',
    f5: 'float64',
    f6: 'float64',
    f7: 'float64',
    f8: 'float64',
    f9: 'float64',
  },
});

export const newest = featureView('newest', {
  entities: [item],
  source: readings,
  ttl: '7d',
  features: {
    f0: numeric(),
    f1: numeric(),
    f2: numeric(),
    f3: numeric(),
    f4: numeric(),
    f5: numeric(),
    f6: numeric(),
    f7: numeric(),
    f8: numeric(),
    f9: numeric(),
  },
});
