import { describe, expect, test } from 'vitest';
import { parseHeader } from '../../../sources/csv-relation.ts';
import { baseDirectory, compareBytes } from '../../../sources/glob.ts';

test.each([
  ['/data/a.csv', '/data'],
  ['/data/*.csv', '/data'],
  ['/data/2024-*/x/*.csv', '/data'],
  ['/data/{a,b}/x.csv', '/data'],
  ['/*.csv', '/'],
])('every match of %s lies in %s', (pattern, directory) => {
  expect(baseDirectory(pattern)).toBe(directory);
});

test('paths are ordered by bytes, not by UTF-16 units', () => {
  expect(['\u{1F600}', '\uFF5E', 'b', 'B'].sort(compareBytes)).toEqual(['B', 'b', '\uFF5E', '\u{1F600}']);
});

describe('a CSV header', () => {
  test.each([
    ['a,b', ['a', 'b']],
    ['\uFEFFa', ['a']],
    [',a,', ['', 'a', '']],
    ['"a,b","c""d"', ['a,b', 'c"d']],
    ['"line\nbreak",x', ['line\nbreak', 'x']],
  ])('%j has the fields %j', (record, fields) => {
    expect(parseHeader(record)).toEqual(fields);
  });
});
