import { describe, expect, it } from 'vitest';
import type { StoredSourceManifest } from '../../../contracts/manifest.ts';
import { count, expectation, featureView, numeric, pushSource } from '../../../index.ts';
import { compileRowRules } from '../../../quality/row-rules.ts';
import { viewRules, withViewRules } from '../../../quality/view-rules.ts';
import { airport, flights, manifestOf } from '../definitions/project.ts';

const gates = pushSource('gates', {
  timestamp: 'at',
  schema: { at: 'timestamp', origin: 'string', gate: 'int64', gate_b: 'int64' },
  expectations: [expectation('expect_column_values_to_not_be_null', { column: 'origin' })],
});
const latest = featureView('latest', {
  entities: [airport],
  source: gates,
  features: { number: numeric({ column: 'gate', rules: { min_value: 1 } }) },
  expectations: [
    expectation('expect_column_values_to_be_in_set', { column: 'number', value_set: [1, 2] }, { onFailure: 'warn' }),
    expectation('expect_column_mean_to_be_between', { column: 'number', max_value: 9 }),
  ],
});
const counts = featureView('counts', { entities: [airport], source: gates, features: { n: count({ window: '1h' }) } });
const delays = featureView('delays', {
  entities: [airport],
  source: flights,
  features: { delay: numeric({ rules: { min_value: 0 } }) },
});
const manifest = manifestOf({ latest, counts, delays });
const source = manifest.sources.find(({ name }) => name === 'gates') as StoredSourceManifest;

describe('viewRules', () => {
  it('are the row rules of the views of one source, on its columns', () => {
    expect(viewRules(manifest, source)).toEqual([
      {
        view: 'latest',
        feature: 'number',
        rule: {
          type: 'expect_column_values_to_be_between',
          level: 'row',
          arguments: { column: 'gate', min_value: 1 },
          severity: 'critical',
          onFailure: 'quarantine',
        },
      },
      {
        view: 'latest',
        feature: 'number',
        rule: {
          type: 'expect_column_values_to_be_in_set',
          level: 'row',
          arguments: { column: 'gate', value_set: [1, 2] },
          severity: 'warning',
          onFailure: 'warn',
        },
      },
    ]);
  });

  it('on several features, and with conditions, are on the columns of all of them', () => {
    const pairs = featureView('pairs', {
      entities: [airport],
      source: gates,
      features: { number: numeric({ column: 'gate' }), again: numeric({ column: 'gate_b' }) },
      expectations: [
        expectation('expect_column_pair_values_to_be_equal', {
          column_A: 'number',
          column_B: 'again',
          row_condition: 'col("again") > 1',
        }),
      ],
    });
    const [found] = viewRules(manifestOf({ pairs }), source);
    expect(found).toMatchObject({
      feature: 'number, again',
      rule: { arguments: { column_A: 'gate', column_B: 'gate_b', row_condition: 'col("gate_b") > 1' } },
    });
  });

  it('stand behind the own rules of the source, and are checked like them', () => {
    const rules = compileRowRules(withViewRules(manifest, source));
    expect(rules.columns).toEqual(['origin', 'gate']);
    expect(rules.check({ origin: 'ORD', gate: 1 })).toEqual([]);
    expect(rules.check({ origin: null, gate: 0 })).toEqual([0, 1, 2]);
  });
});
