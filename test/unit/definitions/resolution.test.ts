import { describe, expect, it } from 'vitest';
import type { FeatureRequest } from '../../../contracts/plan.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import {
  boolean,
  categorical,
  count,
  derivedView,
  entity,
  featureService,
  featureView,
  fileSource,
  numeric,
  requestSource,
  sum,
} from '../../../index.ts';
import { airport, flights, manifestOf, request } from './project.ts';

const delays = featureView('delays', {
  entities: [airport],
  source: flights,
  features: { flights: count({ window: '1h' }), total: sum('delay', { window: '1h' }) },
});
const latest = featureView('latest', {
  entities: [airport],
  source: flights,
  features: { delay: numeric(), origin: categorical() },
});
const destination = delays.as('dest_delays', { origin: 'destination' });
const clock = derivedView('clock', {
  inputs: [request, latest.pick('delay')],
  features: { is_weekend: boolean(), hour: numeric() },
  compute: () => ({ is_weekend: true, hour: 1 }),
});
const risk = derivedView('risk', {
  inputs: [clock.pick('hour'), destination],
  features: { score: numeric() },
  compute: () => ({ score: 1 }),
});
const ranking = featureService('ranking', { features: [risk, delays, latest.pick('origin')] });
const manifest = manifestOf({ ranking });

const plan = (...features: readonly string[]) => resolveFeatures(manifest, { features });
const columnsOf = (request: FeatureRequest) => resolveFeatures(manifest, request).columns.map(({ name }) => name);

describe('output columns', () => {
  it.each<readonly [FeatureRequest, readonly string[]]>([
    [{ features: ['delays:total'] }, ['delays__total']],
    [{ features: ['latest'] }, ['latest__delay', 'latest__origin']],
    [
      { features: ['latest:origin', 'delays:flights', 'latest:delay'] },
      ['latest__origin', 'delays__flights', 'latest__delay'],
    ],
    [{ features: ['dest_delays:total', 'delays:total'] }, ['dest_delays__total', 'delays__total']],
    [{ features: ['clock:is_weekend'] }, ['clock__is_weekend']],
    [{ service: 'ranking' }, ['risk__score', 'delays__flights', 'delays__total', 'latest__origin']],
  ])('of %o', (request, columns) => {
    expect(columnsOf(request)).toEqual(columns);
  });
});

describe('views to read', () => {
  it('hold the features asked for, in declared order, once for each prefix', () => {
    const { views, keyColumns } = plan('delays:total', 'dest_delays:flights', 'delays:flights');
    expect(views.map(({ as, spineColumns, features }) => [as, spineColumns, features.map(({ name }) => name)])).toEqual(
      [
        ['delays', ['origin'], ['flights', 'total']],
        ['dest_delays', ['destination'], ['flights']],
      ],
    );
    expect(views[0]?.source.name).toBe('flights');
    expect(keyColumns).toEqual([
      { column: 'origin', type: 'string', entity: 'airport', key: 'origin' },
      { column: 'destination', type: 'string', entity: 'airport', key: 'origin' },
    ]);
  });

  it('include what derived views read, which come after their inputs', () => {
    const { views, derived, requestColumns, columns } = plan('risk:score', 'latest:origin');
    expect(columns.map(({ name }) => name)).toEqual(['risk__score', 'latest__origin']);
    expect(views.map(({ as, features }) => [as, features.map(({ name }) => name)])).toEqual([
      ['latest', ['delay', 'origin']],
      ['dest_delays', ['flights', 'total']],
    ]);
    expect(derived.map(({ as, inputs, features }) => [as, inputs, features.map(({ name }) => name)])).toEqual([
      [
        'clock',
        [
          { kind: 'request', name: 'request', columns: ['requested_at', 'budget'] },
          { kind: 'view', name: 'latest', as: 'latest', features: ['delay'] },
        ],
        ['hour'],
      ],
      [
        'risk',
        [
          { kind: 'view', name: 'clock', as: 'clock', features: ['hour'] },
          { kind: 'view', name: 'dest_delays', as: 'dest_delays', features: ['flights', 'total'] },
        ],
        ['score'],
      ],
    ]);
    expect(requestColumns.map(({ name }) => name)).toEqual(['requested_at', 'budget']);
  });

  it('need no request columns without derived views', () => {
    expect(plan('delays').requestColumns).toEqual([]);
  });
});

describe('composite keys', () => {
  it('are renamed one by one', () => {
    const route = entity('route', { keys: { origin: 'string', destination: 'string' } });
    const routes = featureView('routes', { entities: [route], source: flights, features: { n: count({ last: 3 }) } });
    const back = routes.as('back', { origin: 'destination', destination: 'origin' });
    const { views, keyColumns } = resolveFeatures(manifestOf({ routes, back }), { features: ['back', 'routes'] });
    expect(views.map(({ spineColumns }) => spineColumns)).toEqual([
      ['destination', 'origin'],
      ['origin', 'destination'],
    ]);
    expect(keyColumns.map(({ column }) => column)).toEqual(['destination', 'origin']);
  });
});

describe('refusals', () => {
  it.each<readonly [string, FeatureRequest, object]>([
    [
      'an unknown view',
      { features: ['delay:total'] },
      {
        code: 'UNKNOWN_NAME',
        details: { kind: 'view', name: 'delay', known: ['delays', 'dest_delays'], where: 'features' },
      },
    ],
    [
      'an unknown feature',
      { features: ['delays:totl'] },
      {
        code: 'UNKNOWN_NAME',
        details: { kind: 'feature of delays', name: 'totl', known: ['delays:total'], where: 'features' },
      },
    ],
    [
      'an unknown service',
      { service: 'rankin' },
      { code: 'UNKNOWN_NAME', details: { kind: 'service', name: 'rankin', known: ['ranking'], where: 'features' } },
    ],
    ['a feature asked for twice', { features: ['delays', 'delays:total'] }, { code: 'NAME_COLLISION' }],
    ['nothing', {}, { code: 'USAGE' }],
    ['no features', { features: [] }, { code: 'USAGE' }],
    ['features and a service', { features: ['delays'], service: 'ranking' }, { code: 'USAGE' }],
    ['three parts', { features: ['a:b:c'] }, { code: 'USAGE' }],
  ])('%s', (_title, request, error) => {
    expect(() => resolveFeatures(manifest, request)).toThrow(expect.objectContaining(error));
  });

  it('one spine column of two types', () => {
    const prices = fileSource('prices', { path: 'p.csv', timestamp: 'at', schema: { at: 'timestamp', id: 'int64' } });
    const item = entity('item', { keys: { id: 'int64' } });
    const price = featureView('price', { entities: [item], source: prices, features: { n: count({ last: 1 }) } });
    const both = manifestOf({ delays, other: price.as('other', { id: 'origin' }), price });
    expect(() => resolveFeatures(both, { features: ['delays', 'other'] })).toThrow(
      /column "origin" would have to be string and int64/,
    );
    const asked = requestSource('asked', { schema: { id: 'string' } });
    const view = derivedView('view', { inputs: [asked, price], features: { x: numeric() }, compute: () => ({ x: 1 }) });
    expect(() => resolveFeatures(manifestOf({ view }), { features: ['view'] })).toThrow(
      /column "id" would have to be int64 and string/,
    );
  });
});
