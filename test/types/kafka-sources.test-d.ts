/** Sources of topics, and services that publish: the types that the compiler infers, and what it refuses. */
import { describe, expectTypeOf, it } from 'vitest';
import {
  count,
  entity,
  featureService,
  featureView,
  kafkaSource,
  numeric,
  sum,
  type RowOf,
  type Timestamp,
} from '../../index.ts';

const user = entity('user', { keys: { user: 'string' } });
const clicks = kafkaSource('clicks', {
  topic: 'raw_events',
  timestamp: 'ts',
  eventId: 'id',
  allowedLateness: '10m',
  schema: { ts: 'timestamp', id: 'string', user: 'string', amount: 'int64', tags: 'string[]' },
});
const activity = featureView('activity', {
  entities: [user],
  source: clicks,
  online: true,
  features: { seen: count({ window: '5m', where: { id: 'a' } }), total: sum('amount', { last: 10 }) },
});

describe('a topic', () => {
  it('has rows of its schema, and views have those of their features', () => {
    expectTypeOf<RowOf<typeof clicks>['ts']>().toEqualTypeOf<Timestamp | null>();
    expectTypeOf<RowOf<typeof clicks>['amount']>().toEqualTypeOf<bigint | null>();
    expectTypeOf<RowOf<typeof activity>['seen']>().toEqualTypeOf<number>();
    expectTypeOf<RowOf<typeof activity>['total']>().toEqualTypeOf<bigint | null>();
  });

  it('gives its rows to a map', () => {
    featureView('tags', {
      entities: [user],
      source: clicks,
      schema: { tag: 'string' },
      map: (row) => {
        expectTypeOf(row.amount).toEqualTypeOf<bigint | null>();
        expectTypeOf(row.tags).toEqualTypeOf<readonly (string | null)[] | null>();
        return { user: row.user, tag: 'a' };
      },
      features: { n: count({ window: 'all', where: { tag: 'a' } }) },
    });
  });

  it('is read by its columns, as they are', () => {
    // @ts-expect-error: no such column
    featureView('v', { entities: [user], source: clicks, features: { price: numeric() } });
    // @ts-expect-error: text has no sum
    featureView('v', { entities: [user], source: clicks, features: { ids: sum('id', { window: '1h' }) } });
    // @ts-expect-error: a topic has a name
    kafkaSource('other', { timestamp: 'ts', schema: { ts: 'timestamp' } });
    const other = { topic: 't', timestamp: 'ts', schema: { ts: 'timestamp' } } as const;
    // @ts-expect-error: not a duration
    kafkaSource('other', { ...other, allowedLateness: '10 minutes' });
  });
});

describe('a service', () => {
  it('is published to a topic', () => {
    featureService('published', { features: [activity], publish: { topic: 'computed_features' } });
    // @ts-expect-error: the topic is missing
    featureService('published', { features: [activity], publish: {} });
  });
});
