import type { ExpectationManifest } from '../../contracts/manifest.ts';
import type { Columns } from './columns.ts';
import { normalizeExpectations } from './expectations.ts';
import { isRecord, OptionReader } from './option-reader.ts';
import type { Place } from './problems.ts';

/** The expectations that the `rules` of a column feature stand for; their column is the feature. */
export function normalizeFeatureRules(
  feature: string,
  definition: unknown,
  values: Columns,
  place: Place,
): readonly ExpectationManifest[] {
  const given = isRecord(definition) && isRecord(definition.options) ? definition.options.rules : undefined;
  if (given === undefined) return [];
  const rules = new OptionReader(given, place.in('rules'), ['min_value', 'max_value', 'null_check']);
  const [min, max] = [rules.get('min_value'), rules.get('max_value')];
  const expect = (expectation: string, bounds: object) => ({
    expectation,
    arguments: { column: feature, ...bounds },
    options: { onFailure: 'quarantine' },
  });
  return normalizeExpectations(
    [
      ...(min === undefined && max === undefined
        ? []
        : [expect('expect_column_values_to_be_between', { min_value: min, max_value: max })]),
      ...(rules.flag('null_check', false) ? [expect('expect_column_values_to_not_be_null', {})] : []),
    ],
    values,
    rules.place,
  );
}
