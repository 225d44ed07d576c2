/** Sources of pushed rows, and the rules on features. */
import { describe, expect, it } from 'vitest';
import type { FeatureViewManifest, StoredSourceManifest } from '../../../contracts/manifest.ts';
import {
  boolean,
  expectation,
  featureView,
  numeric,
  pushSource,
  standardize,
  text,
  timestamp,
} from '../../../index.ts';
import { airport, manifestOf, problemsOf, viewWith } from './project.ts';

const schema = { at: 'timestamp', seen: 'timestamp', origin: 'string', delay: 'int64', note: 'string' } as const;

describe('pushSource', () => {
  it('is a stored source with neither inputs nor schedule', () => {
    const pushes = pushSource('pushes', {
      timestamp: 'at',
      created: 'seen',
      eventId: 'note',
      timezone: 'Europe/Berlin',
      allowedLateness: '1h',
      schema,
      owner: 'ops@example.com',
      expectations: [expectation('expect_column_values_to_not_be_null', { column: 'note' })],
    });
    const [source] = manifestOf({ pushes }).sources as [StoredSourceManifest];
    expect(source).toMatchObject({
      kind: 'push',
      name: 'pushes',
      timestamp: 'at',
      created: 'seen',
      eventId: 'note',
      timezone: 'Europe/Berlin',
      allowedLatenessMicros: 3_600_000_000,
      schedule: null,
      primaryKey: [],
      contract: { columns: 'freeze', types: 'freeze' },
      owner: 'ops@example.com',
    });
    expect(source.expectations).toHaveLength(1);
  });

  it.each(['primaryKey', 'schedule', 'rename', 'contract', 'path'])('has no option %s', (option) => {
    const pushes = pushSource('pushes', { timestamp: 'at', schema, [option]: 'x' });
    expect(problemsOf({ pushes })[0]).toContain(`source pushes: unknown option "${option}"`);
  });

  it('has views like any other source', () => {
    const pushes = pushSource('pushes', { timestamp: 'at', schema });
    const view = featureView('view', { entities: [airport], source: pushes, features: { delay: numeric() } });
    expect(manifestOf({ view }).views[0]).toMatchObject({ source: 'pushes', mode: 'asof' });
  });
});

describe('rules of a feature', () => {
  const rulesOf = (features: unknown, options: object = {}) =>
    (manifestOf({ view: viewWith(features, options) }).views[0] as FeatureViewManifest).options.expectations;

  it('are expectations that quarantine, under the name of the feature', () => {
    const rules = { min_value: -60, max_value: 2n ** 60n, null_check: true };
    expect(rulesOf({ late: numeric({ column: 'delay', rules }) })).toEqual([
      {
        type: 'expect_column_values_to_be_between',
        level: 'row',
        arguments: { column: 'late', min_value: -60, max_value: (2n ** 60n).toString() },
        severity: 'critical',
        onFailure: 'quarantine',
      },
      {
        type: 'expect_column_values_to_not_be_null',
        level: 'row',
        arguments: { column: 'late' },
        severity: 'critical',
        onFailure: 'quarantine',
      },
    ]);
  });

  it('come before the expectations of the view, which look at stored values too', () => {
    const features = { delay: numeric({ transform: standardize({ mean: 0, std: 1 }), rules: { max_value: 10 } }) };
    const own = expectation('expect_column_values_to_be_in_set', { column: 'delay', value_set: [1n, 2n] });
    expect(rulesOf(features, { expectations: [own] }).map(({ type }) => type)).toEqual([
      'expect_column_values_to_be_between',
      'expect_column_values_to_be_in_set',
    ]);
  });

  it('may compare texts and times, and may say nothing', () => {
    const features = {
      origin: text({ rules: { min_value: 'A', max_value: 'Z' } }),
      date: timestamp({ rules: { min_value: '2020-01-01' } }),
      cancelled: boolean({ rules: {} }),
    };
    expect(rulesOf(features).map(({ arguments: args }) => args)).toEqual([
      { column: 'origin', min_value: 'A', max_value: 'Z' },
      { column: 'date', min_value: '2020-01-01T00:00:00.000000Z' },
    ]);
  });

  it('are no part of the version', () => {
    const fingerprints = [{}, { rules: { min_value: 0 } }].map(
      (options) =>
        (manifestOf({ view: viewWith({ delay: numeric(options) }) }).views[0] as FeatureViewManifest).fingerprint,
    );
    expect(fingerprints[0]).toBe(fingerprints[1]);
  });

  it.each([
    [
      { min_value: 'x' },
      'view view, feature delay, rules, expectation expect_column_values_to_be_between, min_value: "x" is not valid',
    ],
    [{ min_value: 2, max_value: 1 }, 'min_value is above max_value'],
    [{ null_check: 1 }, 'view view, feature delay, rules, null_check: 1 is not a valid value'],
    [{ minValue: 1 }, 'view view, feature delay, rules: unknown option "minValue"; did you mean "min_value"?'],
    ['x', 'view view, feature delay, rules: the options are "x"'],
  ])('that are wrong are reported at their place: %j', (rules, problem) => {
    expect(problemsOf({ view: viewWith({ delay: numeric({ rules: rules as never }) }) })).toEqual([
      expect.stringContaining(problem),
    ]);
  });
});
