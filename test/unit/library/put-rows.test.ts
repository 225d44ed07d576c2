/** Rows that programs put: what is read, filled in and refused before anything is written. */
import { describe, expect, it } from 'vitest';
import { AsofError } from '../../../contracts/errors.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../../../contracts/manifest.ts';
import { entity, expectation, featureView, numeric, pushSource } from '../../../index.ts';
import { checkPutRows } from '../../../library/put-rows.ts';
import { findViolations } from '../../../library/violations.ts';
import { manifestOf } from '../definitions/project.ts';

const NOW = 1_704_110_400_000_000n;
const NOW_TEXT = '2024-01-01T12:00:00.000000Z';

const user = entity('user', { keys: { user_id: 'int64' } });
const source = pushSource('purchases', {
  timestamp: 'at',
  created: 'seen',
  schema: { at: 'timestamp', seen: 'timestamp', user_id: 'int64', amount: 'float64', shop: 'string', items: 'int64' },
  expectations: [
    expectation('expect_column_values_to_be_in_set', { column: 'shop', value_set: ['a', 'b'] }, { onFailure: 'warn' }),
  ],
});
const view = featureView('last_purchase', {
  entities: [user],
  source,
  features: {
    amount: numeric({ rules: { min_value: 0, max_value: 100 } }),
    count: numeric({ column: 'items', rules: { min_value: 1, null_check: true } }),
  },
});
const manifest = manifestOf({ view });
const [viewManifest] = manifest.views as [FeatureViewManifest];
const [sourceManifest] = manifest.sources as [StoredSourceManifest];

const target = { where: 'view last_purchase', view: viewManifest, source: sourceManifest };
const check = (...rows: readonly unknown[]) => checkPutRows(target, rows as never, NOW);

function problem(...rows: readonly unknown[]): string {
  try {
    check(...rows);
    return '';
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== 'INVALID_VALUE') throw error;
    return error.message;
  }
}

describe('checkPutRows', () => {
  it('fills in the times and nulls', () => {
    expect(Object.fromEntries(check({ user_id: 7 })[0]!)).toEqual({
      at: NOW_TEXT,
      seen: NOW_TEXT,
      user_id: '7',
      amount: null,
      shop: null,
      items: null,
    });
  });

  it('takes the event time under its own name or as "timestamp"', () => {
    const [own, alias] = check({ user_id: 7, at: '2023-01-01' }, { user_id: 7, timestamp: '2023-01-01', seen: null });
    expect(own!.get('at')).toBe('2023-01-01T00:00:00.000000Z');
    expect(alias!.get('at')).toBe('2023-01-01T00:00:00.000000Z');
    expect(alias!.get('seen')).toBeNull();
  });

  it.each([
    [[{ user_id: 1 }, 5], 'view last_purchase, row 2: it is not an object of columns'],
    [[{ user_id: 1, amont: 2 }], 'row 1: source purchases has no column "amont"; it has: amount'],
    [[{ user_id: 1 }, { amount: 2 }], 'row 2: key "user_id" is missing'],
    [[{ user_id: null }], 'row 1: key "user_id" is missing'],
    [[{ user_id: 'x' }], 'row 1: column "user_id": "x" is not a valid int64'],
    [[{ user_id: 1, amount: '2' }], 'row 1: column "amount": "2" is not a valid float64'],
    [[{ user_id: 1, at: null }], 'row 1: the event time is null; leave it out for now'],
    [[{ user_id: 1, at: NOW_TEXT, timestamp: NOW_TEXT }], '"timestamp" and "at" are both given'],
  ])('refuses %j', (rows, message) => {
    expect(problem(...rows)).toContain(message);
  });
});

describe('findViolations', () => {
  const find = (...rows: readonly object[]) => findViolations(manifest, sourceManifest, check(...rows));

  it('is empty for good rows, and for missing values that no null_check asks for', () => {
    expect(find({ user_id: 1, amount: 100, items: 1, shop: 'a' }, { user_id: 1, items: 5 })).toEqual([]);
  });

  it('names row, feature, rule, threshold and value', () => {
    expect(find({ user_id: 1, items: 2 }, { user_id: 1, amount: -0.5, items: 0n })).toEqual([
      {
        row: 1,
        feature_name: 'amount',
        rule_type: 'min_value',
        threshold: 0,
        actual_value: -0.5,
        violation: 'amount is -0.5, beyond min_value 0',
        quarantined: true,
      },
      {
        row: 1,
        feature_name: 'count',
        rule_type: 'min_value',
        threshold: 1,
        actual_value: 0n,
        violation: 'count is 0, beyond min_value 1',
        quarantined: true,
      },
    ]);
  });

  it('tells the upper bound from the lower, nulls, and rules of the source', () => {
    const found = find({ user_id: 1, amount: 101, shop: 'c' });
    expect(
      found.map(({ feature_name, rule_type, threshold, quarantined }) => [
        feature_name,
        rule_type,
        threshold,
        quarantined,
      ]),
    ).toEqual([
      ['shop', 'expect_column_values_to_be_in_set', { value_set: ['a', 'b'] }, false],
      ['amount', 'max_value', 100, true],
      ['count', 'null_check', true, true],
    ]);
  });
});
