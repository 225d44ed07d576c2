import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseHeader } from '../../../sources/csv-relation.ts';
import { baseDirectory, compareBytes, expandGlob } from '../../../sources/glob.ts';

test.each([
  ['/data/a.csv', '/data'],
  ['/data/*.csv', '/data'],
  ['/data/2024-*/x/*.csv', '/data'],
  ['/data/{a,b}/x.csv', '/data'],
  ['/*.csv', '/'],
])('every match of %s lies in %s', async (pattern, directory) => {
  expect(await baseDirectory(pattern)).toBe(directory);
});

test('a directory that exists as written is no pattern', async () => {
  const directory = path.join(mkdtempSync(path.join(tmpdir(), 'asof-glob-')), 'a [b]* {c,d}');
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'x.csv'), '');
  expect(await baseDirectory(path.join(directory, '*.csv'))).toBe(directory);
  expect(await expandGlob(path.join(directory, '{x,y}.csv'))).toEqual([path.join(directory, 'x.csv')]);
  rmSync(path.dirname(directory), { recursive: true });
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
