/** What users have just done: from the topic `raw_events` to Redis, and after each event to the topic `computed_features`. */
import { boolean, count, derivedView, entity, featureService, featureView, kafkaSource, numeric, sum } from 'asof';

export const user = entity('user', { keys: { user_id: 'string' } });

export const rawEvents = kafkaSource('raw_events', {
  topic: 'raw_events',
  timestamp: 'timestamp',
  eventId: 'event_id',
  allowedLateness: '10m',
  schema: {
    timestamp: 'timestamp',
    event_id: 'string',
    user_id: 'string',
    event_type: 'string',
    value: 'float64',
  },
});

export const userActivity = featureView('user_activity', {
  entities: [user],
  source: rawEvents,
  online: true,
  features: {
    event_count_last_5min: count({ window: '5m', resolution: 'exact', where: { event_type: 'purchase' } }),
    rolling_sum_10_events: sum('value', { last: 10 }),
  },
});

/** Of the time of the event, when they are published; of the time of the request, when they are read. UTC. */
export const eventTime = derivedView('event_time', {
  inputs: [userActivity.pick('event_count_last_5min')],
  features: { is_weekend: boolean(), hour_of_day: numeric() },
  compute: (_inputs, { at }) => ({
    is_weekend: at.getUTCDay() === 0 || at.getUTCDay() === 6,
    hour_of_day: at.getUTCHours(),
  }),
});

export const realtime = featureService('realtime', {
  features: [userActivity, eventTime],
  publish: { topic: 'computed_features' },
});
