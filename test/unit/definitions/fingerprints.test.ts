/** What makes a new version, and what does not. */
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../contracts/manifest.ts';
import { canonicalJson } from '../../../definitions/fingerprint.ts';
import {
  boolean,
  categorical,
  derivedView,
  entity,
  expectation,
  featureService,
  featureView,
  fileSource,
  numeric,
} from '../../../index.ts';
import { airport, flightSchema, manifestOf, request } from './project.ts';

interface Variation {
  readonly source?: object;
  readonly view?: object;
  readonly feature?: object;
  readonly derived?: object;
  readonly service?: object;
  readonly picked?: readonly ('delay' | 'origin')[];
}

/** A view, a derived view on it and a service of both, with options replaced. */
function project({
  source = {},
  view = {},
  feature = {},
  derived = {},
  service = {},
  picked,
}: Variation = {}): Manifest {
  const flights = fileSource('flights', { path: 'a.parquet', timestamp: 'date', schema: flightSchema, ...source });
  const latest = featureView('latest', {
    entities: [airport],
    source: flights,
    features: { delay: numeric({ ...feature }), origin: categorical() },
    ...view,
  });
  const late = derivedView('late', {
    inputs: [request, latest],
    features: { is_late: boolean() },
    compute: ({ latest }) => ({ is_late: latest.delay !== null && latest.delay > 5n }),
    ...derived,
  });
  const read = picked === undefined ? latest : latest.pick(...picked);
  return manifestOf({ latest, late, ranking: featureService('ranking', { features: [read, late], ...service }) });
}

/** The definitions whose fingerprints differ from the base project's. */
function moved(variation: Variation): readonly string[] {
  const fingerprints = ({ sources, views, services }: Manifest): ReadonlyMap<string, string> =>
    new Map([...sources, ...views, ...services].map(({ name, fingerprint }) => [name, fingerprint]));
  const after = fingerprints(project(variation));
  return [...fingerprints(project())].filter(([name, one]) => after.get(name) !== one).map(([name]) => name);
}

describe('fingerprints', () => {
  it.each<readonly [string, Variation]>([
    [
      'descriptions',
      {
        source: { description: 'x' },
        view: { description: 'x', owner: 'me', tags: ['a'] },
        feature: { description: 'x', tags: ['b'] },
      },
    ],
    ['personal data marks', { feature: { pii: true } }],
    [
      'operational options',
      { view: { online: true, freshness: '1h', schedule: '@hourly', cache: '5s', engine: 'duckdb' } },
    ],
    ['the path', { source: { path: 'b.csv' } }],
    ['the ingestion schedule', { source: { schedule: '@daily', allowedLateness: '1h' } }],
    ['the owner of a service', { service: { owner: 'me' } }],
  ])('stay with %s, but for the manifest as a whole', (_title, variation) => {
    expect(moved(variation)).toEqual([]);
    expect(project(variation).fingerprint).not.toBe(project().fingerprint);
  });

  it.each<readonly [string, Variation]>([
    ['the event time', { source: { timestamp: 'loaded' } }],
    ['the created time', { source: { created: 'loaded' } }],
    ['the time zone', { source: { timezone: 'Asia/Tokyo' } }],
    ['the event id', { source: { eventId: 'destination' } }],
    ['the operation', { source: { operation: 'destination' } }],
    ['the type of a used column', { source: { schema: { ...flightSchema, delay: 'float64' } } }],
  ])('of the source and all downstream move with %s', (_title, variation) => {
    expect(moved(variation)).toEqual(['flights', 'late', 'latest', 'ranking']);
  });

  it.each<readonly [string, Variation]>([
    [
      'row rules',
      { source: { expectations: [expectation('expect_column_values_to_not_be_null', { column: 'origin' })] } },
    ],
    ['the type of an unused column', { source: { schema: { ...flightSchema, distance: 'int64' } } }],
    ['a rename', { source: { rename: { delay: 'DELAY' } } }],
  ])('of the source alone move with %s', (_title, variation) => {
    expect(moved(variation)).toEqual(['flights']);
  });

  it.each<readonly [string, Variation]>([
    ['ttl', { view: { ttl: '1d' } }],
    ['delay', { view: { delay: '1h' } }],
    ['as known', { view: { asKnown: true } }],
    ['a default', { feature: { default: 0 } }],
    ['the order of features', { view: { features: { origin: categorical(), delay: numeric() } } }],
    ['the keys', { view: { entities: [entity('airport', { keys: { destination: 'string' } })] } }],
  ])('of the view and all downstream move with %s', (_title, variation) => {
    expect(moved(variation)).toEqual(['late', 'latest', 'ranking']);
  });

  it('of a derived view and its services move with its function', () => {
    expect(moved({ derived: { compute: () => ({ is_late: null }) } })).toEqual(['late', 'ranking']);
  });

  it('of a service move with its features', () => {
    expect(moved({ picked: ['delay'] })).toEqual(['ranking']);
  });

  it('do not depend on the order of options', () => {
    expect(canonicalJson({ b: 1, a: [{ d: null, c: undefined }] })).toBe('{"a":[{"d":null}],"b":1}');
  });
});
