import { describe, expect, it } from 'vitest';
import { searchDefinitions, type SearchRequest } from '../../../definitions/search.ts';
import { count, featureService, featureView, numeric } from '../../../index.ts';
import { airport, flights, manifestOf } from './project.ts';

const airportDelays = featureView('airport_delays', {
  entities: [airport],
  source: flights,
  owner: 'ops@example.com',
  tags: ['Delay', 'gold'],
  description: 'How late an airport has been',
  features: {
    flights_1h: count({ window: '1h', description: 'departures' }),
    late_7d: count({ window: '7d', tags: ['risk'] }),
  },
});
const latest = featureView('latestFlight', {
  entities: [airport],
  source: flights,
  features: { distance: numeric({ owner: 'maps@example.com' }) },
});
const service = featureService('ranking_v1', { features: [airportDelays] });
const manifest = manifestOf({ airport, flights, airportDelays, latest, service });

function namesOf(request: SearchRequest): readonly string[] {
  return searchDefinitions(manifest, request).map(({ name }) => name);
}

describe('a search', () => {
  it('finds by whole names first, then by parts, tags, descriptions and columns', () => {
    expect(namesOf({ text: 'distance' })).toEqual(['latestFlight:distance', 'latestFlight', 'flights']);
    expect(namesOf({ text: 'flights' })).toEqual(['flights', 'airport_delays:flights_1h', 'airport_delays']);
    expect(namesOf({ text: 'DEPARTURES' })).toEqual(['airport_delays:flights_1h']);
    expect(namesOf({ text: 'latest flight' })).toEqual(['latestFlight', 'latestFlight:distance']);
  });

  it('wants every word', () => {
    expect(namesOf({ text: 'late airport' })).toContain('airport_delays');
    expect(namesOf({ text: 'late submarine' })).toEqual([]);
  });

  it('by tag finds a view and its features, whatever the case', () => {
    expect(namesOf({ tag: 'delay' })).toEqual([
      'airport_delays',
      'airport_delays:flights_1h',
      'airport_delays:late_7d',
    ]);
    expect(namesOf({ tag: 'risk' })).toEqual(['airport_delays:late_7d']);
    expect(namesOf({ tag: 'ris' })).toEqual([]);
  });

  it('by owner and entity narrows, and a feature has an owner of its own or that of its view', () => {
    expect(namesOf({ owner: 'maps@example.com' })).toEqual(['latestFlight:distance']);
    expect(namesOf({ owner: 'ops@example.com', text: '7d' })).toEqual(['airport_delays:late_7d', 'airport_delays']);
    expect(namesOf({ entity: 'airport', text: 'airport' })).toContain('airport');
    expect(namesOf({ entity: 'airport' })).not.toContain('flights');
  });
});
