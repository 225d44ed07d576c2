import { describe, expect, it } from 'vitest';
import { diffManifests, explainPlan, type DefinitionPlan } from '../../../definitions/diff.ts';
import {
  boolean,
  categorical,
  derivedView,
  entity,
  featureService,
  featureView,
  fileSource,
  mean,
  numeric,
  sum,
} from '../../../index.ts';
import { airport, flightSchema, manifestOf, request } from './project.ts';

interface Variation {
  readonly source?: object;
  readonly latest?: object;
  readonly delays?: object;
  readonly withoutLatest?: boolean;
}

function project({ source = {}, latest = {}, delays = {}, withoutLatest = false }: Variation = {}) {
  const flights = fileSource('flights', { path: 'a.parquet', timestamp: 'date', schema: flightSchema, ...source });
  const latestView = featureView('latest', {
    entities: [airport],
    source: flights,
    online: true,
    features: { delay: numeric(), origin: categorical() },
    ...latest,
  });
  const delaysView = featureView('delays', {
    entities: [airport],
    source: flights,
    features: { delay_mean: mean('delay', { window: '1h' }) },
    ...delays,
  });
  const late = derivedView('late', {
    inputs: [request, delaysView],
    features: { is_late: boolean() },
    compute: () => ({ is_late: true }),
  });
  const ranking = featureService('ranking', { features: [delaysView, late] });
  return manifestOf(withoutLatest ? { ranking } : { ranking, latestView });
}

const planOf = (variation: Variation): DefinitionPlan => diffManifests(project(), project(variation));
const shown = ({ changes }: DefinitionPlan): readonly string[] =>
  changes.map(({ action, kind, name, newVersion }) => `${action} ${kind} ${name}${newVersion ? ' new' : ''}`);

describe('a plan', () => {
  it('from nothing adds everything and loses nothing', () => {
    const plan = diffManifests(undefined, project());
    expect(plan.before).toBeNull();
    expect(shown(plan)).toEqual([
      'added entity airport new',
      'added source flights new',
      'added source request new',
      'added view delays new',
      'added view late new',
      'added view latest new',
      'added service ranking new',
    ]);
    expect([plan.recompute, plan.affected, plan.destructive]).toEqual([[], [], []]);
  });

  it('between equal manifests is empty', () => {
    const plan = planOf({});
    expect(plan.changes).toEqual([]);
    expect(explainPlan(plan)).toEqual(['No changes.']);
  });

  it('names the field, the recomputation and everything downstream', () => {
    const plan = planOf({ delays: { features: { delay_mean: mean('delay', { window: '2h' }) } } });
    expect(shown(plan)).toEqual(['changed view delays new', 'changed view late new', 'changed service ranking new']);
    expect(plan.changes[0]?.fields).toEqual([
      { field: 'features.delay_mean.window.micros', before: 3_600_000_000, after: 7_200_000_000 },
    ]);
    expect(plan.recompute.map(({ view, stores }) => [view, stores])).toEqual([['delays', ['offline']]]);
    expect(plan.affected).toEqual(['service ranking', 'view late']);
    expect(plan.destructive).toEqual([]);
    expect(explainPlan(plan)).toEqual([
      '~ view delays (new version)',
      '    features.delay_mean.window: 1h -> 2h',
      '~ view late (new version)',
      '    because of what it reads',
      '~ service ranking (new version)',
      '    because of what it reads',
      'Recompute:',
      '    view delays (offline)',
      'Affected:',
      '    service ranking',
      '    view late',
    ]);
  });

  it('recomputes nothing for what only describes or operates', () => {
    const plan = planOf({ latest: { description: 'newest flight', freshness: '1h' }, source: { path: 'b.parquet' } });
    expect(shown(plan)).toEqual(['changed source flights', 'changed view latest']);
    expect([plan.recompute, plan.affected, plan.destructive]).toEqual([[], [], []]);
    expect(explainPlan(plan)).toContain('    description: null -> "newest flight"');
    expect(explainPlan(plan)).toContain('    options.freshness: null -> 1h');
  });

  it('follows a source to every view', () => {
    const plan = planOf({ source: { created: 'loaded' } });
    expect(plan.recompute.map(({ view }) => view)).toEqual(['delays', 'latest']);
    expect(plan.affected).toEqual(['service ranking', 'view delays', 'view late', 'view latest']);
    expect(plan.destructive).toEqual([]);
  });

  it('shows a new order of features', () => {
    const plan = planOf({ latest: { features: { origin: categorical(), delay: numeric() } } });
    expect(plan.changes[0]?.fields).toEqual([
      { field: 'features (order)', before: ['delay', 'origin'], after: ['origin', 'delay'] },
    ]);
  });
});

describe('destructive changes', () => {
  const { origin: _origin, destination: _destination, ...fewer } = flightSchema;

  it.each<readonly [string, Variation, readonly string[]]>([
    ['a removed view', { withoutLatest: true }, ['view latest is removed']],
    ['a removed feature', { latest: { features: { delay: numeric() } } }, ['view latest: feature origin is removed']],
    [
      'another value type',
      { delays: { features: { delay_mean: sum('delay', { window: '1h' }) } } },
      ['view delays: feature delay_mean changes from float64 to int64'],
    ],
    ['no longer online', { latest: { online: false } }, ['view latest: it is no longer served online']],
    ['no longer offline', { latest: { offline: false } }, ['view latest: it is no longer kept offline']],
    [
      'a removed column',
      { source: { schema: { ...fewer, origin: 'string' } } },
      ['source flights: column destination is removed'],
    ],
    [
      'a column under another name',
      { source: { schema: { ...fewer, origin: 'string', goal: 'string' }, rename: { goal: 'destination' } } },
      ['source flights: column destination becomes goal, which is null in rows that are stored already'],
    ],
    [
      'another type of a column',
      { source: { schema: { ...flightSchema, destination: 'int64' } } },
      ['source flights: column destination changes from string to int64'],
    ],
    [
      'rows that will be deleted',
      { source: { retention: '365d' } },
      ['source flights: `asof maintain` will delete rows whose event is older than 365d'],
    ],
    [
      'another event time',
      { source: { timestamp: 'loaded' } },
      ['source flights: timestamp changes from date to loaded'],
    ],
    [
      'other keys',
      { latest: { entities: [entity('city', { keys: { destination: 'string' } })] } },
      ['view latest: its keys change from (origin string) to (destination string)'],
    ],
  ])('are told: %s', (_title, variation, destructive) => {
    const plan = planOf(variation);
    expect(plan.destructive).toEqual(destructive);
    expect(explainPlan(plan).slice(-2)).toEqual(['Destructive:', `    ${destructive.at(-1)}`]);
  });

  it('are not: an integer that becomes a float, and a retention that is longer or goes', () => {
    const typed = (distance: string) => project({ source: { schema: { ...flightSchema, distance } } });
    expect(diffManifests(typed('int64'), typed('float64')).destructive).toEqual([]);
    const narrower = diffManifests(typed('float64'), typed('int64'));
    expect(narrower.destructive).toEqual(['source flights: column distance changes from float64 to int64']);
    const kept = (retention: string) => project({ source: { retention } });
    expect(diffManifests(kept('30d'), kept('31d')).destructive).toEqual([]);
    expect(diffManifests(kept('30d'), project()).destructive).toEqual([]);
    expect(diffManifests(kept('31d'), kept('30d')).destructive).toHaveLength(1);
  });

  it('are not: additions', () => {
    const wider = { ...flightSchema, carrier: 'string' };
    const features = { delay: numeric(), origin: categorical(), distance: numeric() };
    expect(planOf({ source: { schema: wider }, latest: { features, ttl: '1d' } }).destructive).toEqual([]);
  });

  it('are a changed key type and a removed entity', () => {
    const [text, number] = (['string', 'int64'] as const).map((type) =>
      manifestOf({ user: entity('user', { keys: { id: type } }) }),
    );
    expect(diffManifests(text, number!).destructive).toEqual([
      'entity user: its keys change from (id string) to (id int64)',
    ]);
    expect(diffManifests(text, number!).changes[0]?.newVersion).toBe(true);
    expect(diffManifests(text, manifestOf({})).destructive).toEqual(['entity user is removed']);
  });
});
