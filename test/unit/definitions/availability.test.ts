import { describe, expect, it } from 'vitest';
import { notAvailableYet } from '../../../definitions/availability.ts';
import { count, databaseSource, expectation, fileSource, numeric, pushSource, standardize } from '../../../index.ts';
import { manifestOf, viewWith } from './project.ts';

const stored = { timestamp: 'at', schema: { at: 'timestamp', id: 'int64', op: 'string' } } as const;
const file = (options: object): unknown => fileSource('s', { ...stored, path: 'a.csv', ...options });

describe('notAvailableYet', () => {
  it.each<readonly [unknown, string, string]>([
    [file({ path: 's3://bucket/rows/*.parquet' }), 'source s', 'a file source on S3'],
    [file({ contract: { columns: 'discard' } }), 'source s', "contract columns: 'discard'"],
    [file({ contract: { types: 'evolve' } }), 'source s', "contract types: 'evolve'"],
    [
      viewWith(
        { delay: numeric() },
        { expectations: [expectation('expect_column_mean_to_be_between', { column: 'delay', max_value: 9 })] },
      ),
      'view view',
      'column and table expectations on a view',
    ],
    [
      viewWith(
        { n: count({ window: 'all' }) },
        { expectations: [expectation('expect_column_values_to_not_be_null', { column: 'n' })] },
      ),
      'view view',
      'expectations on aggregates',
    ],
    [
      pushSource('s', {
        ...stored,
        expectations: [expectation('expect_table_row_count_to_be_between', { min_value: 1 })],
      }),
      'source s',
      'column and table expectations on a push source',
    ],
    [viewWith({ delay: numeric({ pii: true }) }), 'view view, feature delay', 'pii'],
  ])('%#: %s', (definition, place, what) => {
    expect(notAvailableYet(manifestOf({ definition }))).toEqual([{ place, what }]);
  });

  it('is empty for what works', () => {
    const definitions = [
      file({ contract: { columns: 'freeze', types: 'freeze' }, created: 'at', timezone: 'Europe/Paris' }),
      file({ eventId: 'id', operation: 'op' }),
      databaseSource('s', { ...stored, url: 'env:DB', table: 't', primaryKey: ['id'] }),
      viewWith(
        { delay: numeric({ transform: standardize() }) },
        {
          asKnown: true,
          delay: '1h',
          online: true,
          expectations: [expectation('expect_column_values_to_be_null', { column: 'delay' })],
        },
      ),
    ];
    expect(definitions.flatMap((definition) => notAvailableYet(manifestOf({ definition })))).toEqual([]);
    expect(notAvailableYet(manifestOf({ view: viewWith({ n: count({ window: 'all' }) }) }))).toEqual([]);
  });
});
