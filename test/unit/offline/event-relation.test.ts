import { describe, expect, test } from 'vitest';
import type { FeatureViewManifest, StoredSourceManifest } from '../../../contracts/manifest.ts';
import { eventRelation, pruneFiles, relationKeys, usedColumns } from '../../../offline/event-relation.ts';
import { columnFeature, planView } from '../../world/world.ts';

const { view, source } = planView({
  mode: 'asof',
  ttlMicros: null,
  delayMicros: 0,
  hasCreated: true,
  features: [columnFeature('amount', null), columnFeature('vector', null)],
});
const file = {
  localPath: "/lake/it's.parquet",
  columns: ['name', 'code', 'amount', 'happened', '__seq'].map((name) => ({ name, type: 'string' as const })),
};

function relation(overrides: {
  readonly view?: Partial<FeatureViewManifest>;
  readonly source?: Partial<StoredSourceManifest>;
  readonly table?: 'view';
  readonly columns?: readonly string[];
}): string {
  return eventRelation({
    table: overrides.table ?? 'source',
    files: [file],
    view: { ...view, ...overrides.view },
    source: { ...source, ...overrides.source } as StoredSourceManifest,
    columns: overrides.columns ?? ['amount', 'vector'],
  });
}

describe('the event relation', () => {
  test('names keys, times and columns, and casts to declared types; a missing column is null', () => {
    expect(relation({})).toBe(
      'SELECT "name"::VARCHAR AS "name", "code"::BIGINT AS "code", "happened"::TIMESTAMP AS "__event", ' +
        'NULL::TIMESTAMP AS "__created", "__seq"::BIGINT AS "__seq", "amount"::BIGINT AS "amount", ' +
        "NULL::FLOAT[2] AS \"vector\" FROM read_parquet(['/lake/it''s.parquet'], union_by_name = true)",
    );
  });

  test('without files it is empty and typed', () => {
    const empty = eventRelation({ table: 'source', files: [], view, source, columns: ['amount'] });
    expect(empty).toMatch(/^SELECT NULL::VARCHAR AS "name", .* NULL::BIGINT AS "amount" WHERE false$/);
  });

  test('a key that is also used stands once; one that shadows another column moves aside', () => {
    expect(relation({ columns: ['code'] }).match(/"code"::BIGINT/g)).toHaveLength(1);
    const keys = [{ name: 'amount', type: 'int64', column: 'code' }] as const;
    expect(relationKeys({ ...view, keys })).toEqual(['__key_amount']);
    expect(relation({ view: { keys }, columns: ['amount'] })).toContain('"code"::BIGINT AS "__key_amount"');
  });

  test('a delete is told by the operation in a source, by its meaning in a view table', () => {
    const operation = { operation: 'amount' };
    expect(relation({ source: operation })).toContain(
      `coalesce(lower(trim("amount"::VARCHAR)) IN ('d', 'delete'), false) AS "__deleted"`,
    );
    expect(relation({ source: operation, table: 'view' })).toContain('NULL::BOOLEAN AS "__deleted"');
  });
});

test('used columns are those of features and filters, once', () => {
  const counted = { kind: 'aggregate', column: null, where: [{ column: 'label', values: ['x'] }] };
  const features = [columnFeature('amount', null), columnFeature('amount', 1), counted] as never;
  expect(usedColumns({ features })).toEqual(['amount', 'label']);
});

test.each([
  [{ from: 10n, to: 20n }, ['inside', 'before and in', 'at the start']],
  [{ to: 10n }, ['before and in', 'before']],
  [{ from: 20n }, ['at the end']],
  [{}, ['inside', 'before and in', 'at the start', 'before', 'at the end']],
])('files are pruned to the half-open range %o', (range, expected) => {
  const files = [
    { name: 'inside', minEvent: 12n, maxEvent: 13n },
    { name: 'before and in', minEvent: 1n, maxEvent: 11n },
    { name: 'at the start', minEvent: 10n, maxEvent: 10n },
    { name: 'before', minEvent: 1n, maxEvent: 9n },
    { name: 'at the end', minEvent: 20n, maxEvent: 21n },
    { name: 'empty', minEvent: null, maxEvent: null },
  ];
  expect(pruneFiles(files, range).map(({ name }) => name)).toEqual(expected);
});
