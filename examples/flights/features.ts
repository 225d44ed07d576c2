/**
 * Late departures. A flight's delay is known only when it has left: `known_at` is the scheduled departure plus the
 * delay, and the views are as known, so that a feature at q uses only flights that had left by q.
 */
import {
  boolean,
  categorical,
  count,
  derivedView,
  entity,
  expectation,
  featureService,
  featureView,
  fileSource,
  max,
  mean,
  numeric,
  sum,
  type Timestamp,
} from 'asof';

export const airport = entity('airport', { keys: { origin: 'string' }, description: 'by its IATA code' });
export const route = entity('route', { keys: { origin: 'string', destination: 'string' } });

export const flights = fileSource('flights', {
  path: 'data/flights/*.parquet',
  timestamp: 'date',
  created: 'known_at',
  schema: {
    date: 'timestamp',
    known_at: 'timestamp',
    delay: 'int64',
    distance: 'int64',
    origin: 'string',
    destination: 'string',
  },
  expectations: [
    expectation('expect_column_values_to_not_be_null', { column: 'origin' }, { onFailure: 'quarantine' }),
    expectation(
      'expect_column_values_to_be_between',
      { column: 'delay', min_value: -120, max_value: 1440 },
      { onFailure: 'quarantine' },
    ),
    expectation('expect_column_mean_to_be_between', { column: 'delay', min_value: -10, max_value: 60 }),
    expectation(
      'expect_column_values_to_be_between',
      { column: 'distance', min_value: 50, mostly: 0.999 },
      { severity: 'warning' },
    ),
  ],
});

export const airports = fileSource('airports', {
  path: 'data/airports.csv',
  timestamp: 'valid_from',
  schema: {
    origin: 'string',
    name: 'string',
    state: 'string',
    latitude: 'float64',
    longitude: 'float64',
    valid_from: 'timestamp',
  },
  rename: { origin: 'iata' },
});

const airportFeatures = {
  flights_1h: count({ window: '1h' }),
  flights_1d: count({ window: '1d' }),
  delay_mean_1h: mean('delay', { window: '1h', description: 'mean departure delay of the last hour, minutes' }),
  delay_mean_1d: mean('delay', { window: '1d' }),
  delay_mean_7d: mean('delay', { window: '7d' }),
  delay_max_1d: max('delay', { window: '1d' }),
  delay_sum_last_10: sum('delay', { last: 10 }),
} as const;

const routeFeatures = {
  flights_7d: count({ window: '7d' }),
  delay_mean_1d: mean('delay', { window: '1d' }),
  delay_mean_7d: mean('delay', { window: '7d' }),
  delay_mean_last_10: mean('delay', { last: 10 }),
} as const;

const latestFeatures = {
  delay: numeric({ description: 'delay of the newest flight on the route' }),
  distance: numeric(),
} as const;

const clockFeatures = { is_weekend: boolean(), hour_of_day: numeric(), delay_trend: numeric() } as const;

export const airportDelays = featureView('airport_delays', {
  entities: [airport],
  source: flights,
  asKnown: true,
  online: true,
  owner: 'ops@example.com',
  tags: ['delay'],
  description: 'departure delays of an airport',
  features: airportFeatures,
});

export const routeDelays = featureView('route_delays', {
  entities: [route],
  source: flights,
  asKnown: true,
  online: true,
  tags: ['delay'],
  features: routeFeatures,
});

/** Departures of the airport that the flight goes to. */
export const destinationDelays = airportDelays.as('destination_delays', { origin: 'destination' });

export const latestFlight = featureView('latest_flight', {
  entities: [route],
  source: flights,
  asKnown: true,
  ttl: '14d',
  online: true,
  features: latestFeatures,
});

export const airportAttributes = featureView('airport_attributes', {
  entities: [airport],
  source: airports,
  online: true,
  features: { state: categorical(), latitude: numeric(), longitude: numeric() },
});

interface RecentDelays {
  readonly delay_mean_1h: number | null;
  readonly delay_mean_7d: number | null;
}

function readClock({ delay_mean_1h: hour, delay_mean_7d: week }: RecentDelays, at: Timestamp) {
  return {
    is_weekend: at.getUTCDay() % 6 === 0,
    hour_of_day: at.getUTCHours(),
    delay_trend: hour === null || week === null ? null : hour - week,
  };
}

export const clock = derivedView('clock', {
  inputs: [airportDelays],
  features: clockFeatures,
  compute: ({ airport_delays: now }, { at }) => readClock(now, at),
});

export const lateDepartures = featureService('late_departures', {
  description: 'will this flight leave more than 15 minutes late?',
  features: [airportDelays, routeDelays, destinationDelays, latestFlight, airportAttributes, clock],
});

// The mistake that this example is about: the same features, joined on the scheduled departure alone.

export const leakingAirportDelays = featureView('leaking_airport_delays', {
  entities: [airport],
  source: flights,
  features: airportFeatures,
});

export const leakingRouteDelays = featureView('leaking_route_delays', {
  entities: [route],
  source: flights,
  features: routeFeatures,
});

export const leakingLatestFlight = featureView('leaking_latest_flight', {
  entities: [route],
  source: flights,
  ttl: '14d',
  features: latestFeatures,
});

export const leakingClock = derivedView('leaking_clock', {
  inputs: [leakingAirportDelays],
  features: clockFeatures,
  compute: ({ leaking_airport_delays: now }, { at }) => readClock(now, at),
});

export const leakingDepartures = featureService('late_departures_leaking', {
  features: [
    leakingAirportDelays,
    leakingRouteDelays,
    leakingAirportDelays.as('leaking_destination_delays', { origin: 'destination' }),
    leakingLatestFlight,
    airportAttributes,
    leakingClock,
  ],
});
