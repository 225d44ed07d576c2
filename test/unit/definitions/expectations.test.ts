import { describe, expect, it } from 'vitest';
import type { FileSourceManifest } from '../../../contracts/manifest.ts';
import { EXPECTATION_TYPES } from '../../../definitions/expectations.ts';
import { expectation, fileSource, Timestamp } from '../../../index.ts';
import { flightSchema, manifestOf } from './project.ts';

function normalized(...expectations: readonly ReturnType<typeof expectation>[]): FileSourceManifest['expectations'] {
  const source = fileSource('flights', { path: 'a.csv', timestamp: 'date', schema: flightSchema, expectations });
  return (manifestOf({ source }).sources[0] as FileSourceManifest).expectations;
}

describe('the vocabulary', () => {
  it('has the levels of Great Expectations', () => {
    const levels = Object.values(EXPECTATION_TYPES).map(({ level }) => level);
    const counts = (['row', 'column', 'table'] as const).map((level) => levels.filter((one) => one === level).length);
    expect(counts).toEqual([19, 8, 1]);
  });
});

describe('expectations in the manifest', () => {
  const notNull = 'expect_column_values_to_not_be_null';

  it.each([
    [{}, { severity: 'critical', onFailure: 'fail' }],
    [{ severity: 'warning' }, { severity: 'warning', onFailure: 'warn' }],
    [{ severity: 'info' }, { severity: 'info', onFailure: 'warn' }],
    [{ onFailure: 'quarantine' }, { severity: 'critical', onFailure: 'quarantine' }],
    [{ onFailure: 'warn' }, { severity: 'warning', onFailure: 'warn' }],
    [
      { severity: 'warning', onFailure: 'fail' },
      { severity: 'warning', onFailure: 'fail' },
    ],
  ] as const)('react as declared: %o', (options, reaction) => {
    expect(normalized(expectation(notNull, { column: 'origin' }, options))[0]).toMatchObject(reaction);
  });

  it('carry arguments as JSON of the column type', () => {
    const between = 'expect_column_values_to_be_between';
    const [delay, loaded, origin, big] = normalized(
      expectation(between, { column: 'delay', min_value: -0.5, max_value: null, strict_min: true, mostly: 0.9 }),
      expectation(between, {
        column: 'loaded',
        min_value: Timestamp.from('2024-01-01T00:00:00Z'),
        max_value: '2025-01-01',
      }),
      expectation('expect_column_values_to_be_in_set', { column: 'origin', value_set: ['ORD', 'JFK'] }),
      expectation('expect_column_values_to_be_in_set', { column: 'delay', value_set: [1, 2n, 2n ** 60n] }),
    );
    expect(delay?.arguments).toEqual({ column: 'delay', min_value: -0.5, strict_min: true, mostly: 0.9 });
    expect(loaded?.arguments).toEqual({
      column: 'loaded',
      min_value: '2024-01-01T00:00:00.000000Z',
      max_value: '2025-01-01T00:00:00.000000Z',
    });
    expect(origin?.arguments).toEqual({ column: 'origin', value_set: ['ORD', 'JFK'] });
    expect(big?.arguments).toEqual({ column: 'delay', value_set: [1, 2, '1152921504606846976'] });
  });

  it('may be about the whole table', () => {
    const [rows] = normalized(expectation('expect_table_row_count_to_be_between', { min_value: 1 }));
    expect(rows).toMatchObject({ level: 'table', arguments: { min_value: 1 } });
  });
});
