import { describe, expect, test } from 'vitest';
import { requireInstant } from '../../../contracts/time.ts';
import { objectPath, objectUri, requireObjectPath } from '../../../lake/object-path.ts';
import { objectKinds } from '../../../lake/object-kind.ts';
import {
  datasetPath,
  newQuarantineFilePath,
  newSourceFilePath,
  newViewFilePath,
  stagingFilePath,
  stagingRunId,
} from '../../../lake/paths.ts';

const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

describe('names of new files', () => {
  const at = requireInstant('2024-01-31T12:00:00.5Z', 'test');

  test('follow the layout and end with their id', () => {
    const source = newSourceFilePath('flights', at);
    expect(source.path).toMatch(new RegExp(`^sources/flights/2024-01-31-${UUID}\\.parquet$`));
    expect(source.path).toContain(source.id);
    const view = newViewFilePath({ view: 'latest', fingerprint: 'f1', bucket: 3, from: at });
    expect(view.path).toMatch(new RegExp(`^views/latest/f1/3/20240131T120000500000Z-${UUID}\\.parquet$`));
    expect(newQuarantineFilePath('flights').path).toMatch(new RegExp(`^quarantine/flights/${UUID}\\.parquet$`));
    expect(datasetPath('train', 2, 'manifest.json')).toBe('datasets/train/2/manifest.json');
  });

  test('are paths of objects, whatever the time or the run', () => {
    const names = [
      newSourceFilePath('flights', -(2n ** 55n)).path,
      newSourceFilePath('flights', requireInstant('+012000-01-01', 'test')).path,
      stagingFilePath('materialize/demo/latest@f1/2024-01-01T00:00:00Z', 'a.parquet'),
      datasetPath('train', 'run/../../x', 'a.parquet'),
    ];
    for (const name of names) expect(requireObjectPath(name)).toBe(name);
  });

  test('a staged file knows its run', () => {
    expect(stagingRunId(stagingFilePath('ingest/demo/a%b', 'plan.json'))).toBe('ingest/demo/a%b');
    expect(stagingRunId('staging/100%/plan.json')).toBe('100%');
    expect(stagingRunId('sources/flights/a.parquet')).toBeUndefined();
  });
});

describe('requireObjectPath', () => {
  test.each(['', '/etc/passwd', 'a/../b', '..', 'a//b', 'a/', './a', 'a\\b', 'a\u0000b', 'x'.repeat(256)])(
    'refuses %j',
    (path) => {
      expect(() => requireObjectPath(path)).toThrowError(expect.objectContaining({ code: 'INVALID_VALUE' }));
    },
  );
});

describe('addresses', () => {
  const lake = { url: 'file:///data/lake/demo' };

  test('lead back to their path', () => {
    expect(objectPath(lake, objectUri(lake, 'sources/a.parquet'))).toBe('sources/a.parquet');
    expect(objectPath(lake, 'sources/a.parquet')).toBe('sources/a.parquet');
    expect(objectPath(lake, 'file:///data/lake/other/a.parquet')).toBeUndefined();
    expect(objectPath(lake, '/tmp/spine.csv')).toBeUndefined();
  });

  test('tell what an object is to the catalog', () => {
    const known = new Set(['sources/f/a.parquet', objectUri(lake, 'datasets/train/b1/part-0.parquet')]);
    const kindOf = objectKinds(lake, known);
    expect(
      [
        'sources/f/a.parquet',
        'sources/f/b.parquet',
        'datasets/train/b1/manifest.json',
        'datasets/train/b2/part-0.parquet',
        'datasets/train/note.txt',
        'staging/run/x',
        'README.md',
      ].map(kindOf),
    ).toEqual(['known', 'orphan', 'known', 'orphan', 'orphan', 'staging', 'other']);
  });
});
