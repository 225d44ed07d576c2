/** What a program registers beside the definition files, and how both stay together. */
import { describe, expect, it } from 'vitest';
import { AsofError } from '../../../contracts/errors.ts';
import type { Manifest } from '../../../contracts/manifest.ts';
import { diffManifests } from '../../../definitions/diff.ts';
import { keepRegistered, registerDefinitions } from '../../../definitions/registration.ts';
import {
  boolean,
  count,
  derivedView,
  entity,
  featureService,
  featureView,
  fileSource,
  numeric,
  pushSource,
} from '../../../index.ts';
import { airport, flights, manifestOf, request } from './project.ts';

const delays = featureView('delays', { entities: [airport], source: flights, features: { delay: numeric() } });
const clock = derivedView('clock', {
  inputs: [request, delays],
  features: { late: boolean() },
  compute: () => ({ late: true }),
});
const files = manifestOf({ delays, clock });

const pushes = pushSource('pushes', { timestamp: 'at', schema: { at: 'timestamp', origin: 'string', gate: 'int64' } });
const gates = featureView('gates', { entities: [airport], source: pushes, features: { gate: numeric() } });

const project = { project: 'test', projectDirectory: '/project' };
const register = (applied: Manifest | undefined, ...definitions: readonly unknown[]): Manifest =>
  registerDefinitions(applied, definitions, project);

/** For what the compiler would refuse. */
const wrong = (value: unknown): never => value as never;

/** Kind and name of what a call adds, in the words of a plan. */
function added(before: Manifest | undefined, after: Manifest): readonly string[] {
  return diffManifests(before, after).changes.map(({ kind, name, action }) => `${action} ${kind} ${name}`);
}

function failure(work: () => unknown): AsofError {
  try {
    work();
  } catch (error) {
    if (error instanceof AsofError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('registerDefinitions', () => {
  it('adds the definitions with what they read, marked, to nothing', () => {
    const manifest = register(undefined, gates);
    expect(added(undefined, manifest)).toEqual(['added entity airport', 'added source pushes', 'added view gates']);
    const all = [...manifest.entities, ...manifest.sources, ...manifest.views];
    expect(all.map(({ origin }) => origin)).toEqual(['code', 'code', 'code']);
    expect(manifest.project).toBe('test');
  });

  it('gives them the versions that files would give them', () => {
    const fromFile = manifestOf({ gates });
    const registered = register(undefined, gates);
    expect(registered.views[0]!.fingerprint).toBe(fromFile.views[0]!.fingerprint);
    expect(registered.sources[0]!.fingerprint).toBe(fromFile.sources[0]!.fingerprint);
  });

  it('adds to what is applied, and leaves that as it is', () => {
    const manifest = register(files, gates);
    expect(added(files, manifest)).toEqual(['added source pushes', 'added view gates']);
    expect(manifest.views.map(({ name, origin }) => [name, origin])).toEqual([
      ['clock', undefined],
      ['delays', undefined],
      ['gates', 'code'],
    ]);
  });

  it('reads applied views, derived ones too, with their applied versions', () => {
    const service = featureService('ranking', { features: [gates, delays.as('arrivals', { origin: 'to' }), clock] });
    const manifest = register(files, service);
    const fromFiles = manifestOf({ gates, delays, clock, service });
    expect(manifest.services[0]!.fingerprint).toBe(fromFiles.services[0]!.fingerprint);
    expect(manifest.aliases).toEqual([
      { name: 'arrivals', view: 'delays', keyColumns: { origin: 'to' }, origin: 'code' },
    ]);
  });

  it.each([
    ['an entity', airport, 'entity airport'],
    ['a source', flights, 'source flights'],
    ['a view', delays, 'view delays'],
  ])('refuses %s whose name is taken', (_, definition, where) => {
    const error = failure(() => register(files, definition));
    expect(error.code).toBe('CONFLICT');
    expect(error.message).toBe(`${where}: is registered already`);
  });

  it('refuses a view with the name of an alias', () => {
    const withAlias = register(files, delays.as('arrivals', { origin: 'to' }));
    const arrivals = featureView('arrivals', { entities: [airport], source: pushes, features: { gate: numeric() } });
    expect(failure(() => register(withAlias, arrivals)).code).toBe('CONFLICT');
  });

  it('refuses to read something else than what is applied under a name', () => {
    const other = fileSource('flights', {
      path: 'other.csv',
      timestamp: 'at',
      schema: { at: 'timestamp', origin: 'string' },
    });
    const view = featureView('view', { entities: [airport], source: other, features: { n: count({ window: 'all' }) } });
    const error = failure(() => register(files, view));
    expect(error.code).toBe('CONFLICT');
    expect(error.message).toContain('source flights: differs from the one that is applied');
    const byCode = entity('airport', { keys: { gate: 'int64' } });
    const coded = featureView('view', { entities: [byCode], source: pushes, features: { gate: numeric() } });
    expect(failure(() => register(files, coded)).message).toContain('entity airport: differs from');
  });

  it.each([
    [
      'a derived view',
      derivedView('next', { inputs: [request], features: { late: boolean() }, compute: () => ({ late: true }) }),
      'code: view next, compute: a call cannot register a function; write the view in a definitions file',
    ],
    [
      'a map',
      featureView('mapped', { entities: [airport], source: pushes, features: { gate: numeric() }, map: (row) => row }),
      'code: view mapped, map: a call cannot register a function',
    ],
    ['a pick', gates.pick('gate'), 'code: argument 1: a pick is part of a view'],
    ['something else', { name: 'x' }, 'code: argument 1: {"name":"x"} is not a definition'],
    [
      'a view that is wrong',
      featureView('bad', { entities: [airport], source: pushes, features: { gat: wrong(numeric()) } }),
      'code: view bad, feature gat: source pushes has no column "gat"; did you mean "at" or "gate"?',
    ],
    [
      'a name that differs in case only',
      featureView('DELAYS', { entities: [airport], source: pushes, features: { gate: numeric() } }),
      'code: view DELAYS: the name differs from "delays" in case only',
    ],
  ])('refuses %s', (_, definition, message) => {
    const error = failure(() => register(files, definition));
    expect(error.code).toBe('DEFINITIONS_INVALID');
    expect(error.message).toContain(message);
  });

  it('refuses a call without definitions', () => {
    expect(failure(() => register(files)).code).toBe('DEFINITIONS_INVALID');
  });

  it('refuses a service whose applied view lacks a feature', () => {
    const applied = {
      ...files,
      views: files.views.map((view) => (view.kind === 'derived' ? { ...view, features: [] } : view)),
    };
    const service = featureService('ranking', { features: [clock.pick('late')] });
    expect(failure(() => register(applied, service)).message).toContain('view clock has no feature "late"');
  });
});

describe('keepRegistered', () => {
  const service = featureService('ranking', { features: [gates, delays] });
  const applied = register(files, service);

  it('is the files alone when nothing is registered', () => {
    expect(keepRegistered(files, files)).toBe(files);
    expect(keepRegistered(files, undefined)).toBe(files);
  });

  it('keeps what is registered: an apply of unchanged files changes nothing', () => {
    expect(keepRegistered(files, applied)).toEqual(applied);
    expect(diffManifests(applied, keepRegistered(files, applied)).changes).toEqual([]);
  });

  it('follows a change of what a registered definition reads', () => {
    const slower = featureView('delays', { ...delays.options, ttl: '1d' } as never);
    const kept = keepRegistered(manifestOf({ delays: slower }), applied);
    expect(kept.services[0]!.fingerprint).not.toBe(applied.services[0]!.fingerprint);
    expect(added(applied, kept)).toEqual(
      ['changed view delays', 'removed view clock', 'removed source request', 'changed service ranking'].sort(byKind),
    );
  });

  it('lets files take a name over', () => {
    const taken = keepRegistered(manifestOf({ delays, clock, gates }), applied);
    expect(taken.views.find(({ name }) => name === 'gates')!.origin).toBeUndefined();
    expect(taken.sources.find(({ name }) => name === 'pushes')!.origin).toBeUndefined();
    const change = diffManifests(applied, taken).changes.find(({ name }) => name === 'gates')!;
    expect(change).toMatchObject({ action: 'changed', newVersion: false, destructive: [] });
  });

  const onFlights = featureView('late', { entities: [airport], source: flights, features: { delay: numeric() } });
  it.each([
    ['the source', { airport }, 'code: view late, source: flights is no longer defined'],
    [
      'a column',
      {
        delays: featureView('delays', {
          entities: [airport],
          source: fileSource('flights', {
            path: 'a.csv',
            timestamp: 'date',
            schema: { date: 'timestamp', origin: 'string', delay: 'float64' },
          }),
          features: { delay: numeric() },
        }),
      },
      'code: view late, source: column "delay" of flights is float64 now',
    ],
    [
      'the entity',
      { flights, airport: entity('airport', { keys: { origin: 'int64' } }) },
      'code: view late, entities: airport have the keys (origin int64) now',
    ],
  ])('refuses files that no longer have %s of a registered view', (_, exports, message) => {
    const error = failure(() => keepRegistered(manifestOf(exports), register(files, onFlights)));
    expect(error.code).toBe('DEFINITIONS_INVALID');
    expect(error.message).toContain(message);
  });

  it('refuses files that no longer have the view of a registered service', () => {
    expect(failure(() => keepRegistered(manifestOf({ airport, flights }), applied)).message).toContain(
      'code: service ranking: view delays is not defined; keep it in the definition files',
    );
  });
});

function byKind(a: string, b: string): number {
  const order = ['entity', 'source', 'view', 'alias', 'service'];
  return (
    order.indexOf(a.split(' ')[1]!) - order.indexOf(b.split(' ')[1]!) || (a.split(' ')[2]! < b.split(' ')[2]! ? -1 : 1)
  );
}
