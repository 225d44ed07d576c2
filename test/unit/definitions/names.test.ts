import { describe, expect, it } from 'vitest';
import { closestNames, suggestNames } from '../../../definitions/closest-names.ts';
import { globExpression } from '../../../definitions/loading/glob.ts';
import { findSimilarNames, isName } from '../../../definitions/names.ts';

describe('isName', () => {
  it.each(['a', 'A1', 'a_b_c', 'a_', 'n'.repeat(63)])('accepts %s', (name) => {
    expect(isName(name)).toBe(true);
  });
  it.each(['', '1a', '_a', 'a-b', 'a b', 'a__b', 'é', 'a.b', 'a\n', 'n'.repeat(64), undefined, 7])(
    'refuses %s',
    (name) => {
      expect(isName(name)).toBe(false);
    },
  );
});

describe('findSimilarNames', () => {
  it('finds names that differ in case only', () => {
    expect(findSimilarNames(['a', 'B', 'A', 'b', 'c'])).toEqual([
      { name: 'A', earlier: 'a' },
      { name: 'b', earlier: 'B' },
    ]);
  });
});

describe('closestNames', () => {
  const candidates = ['delay', 'distance', 'destination', 'date', 'origin'];

  it.each([
    ['dealy', ['delay']],
    ['DELAY', ['delay']],
    ['distanc', ['distance']],
    ['dat', ['date']],
    ['carrier', []],
    ['tination', ['destination']],
  ])('of %s are %o', (name, expected) => {
    expect(closestNames(name, candidates)).toEqual(expected);
  });

  it('give way to all names when none is close', () => {
    expect(suggestNames('carrier', candidates)).toEqual([...candidates].sort());
    expect(suggestNames('carrier', [])).toEqual(['none']);
    expect(
      suggestNames(
        'x',
        Array.from({ length: 20 }, (_, index) => `name${index}`),
      ).at(-1),
    ).toBe('…');
  });
});

describe('globs', () => {
  it.each([
    ['/p/*.ts', ['/p/a.ts'], ['/p/a/b.ts', '/p/a.tsx', '/q/a.ts']],
    ['/p/**/*.ts', ['/p/a.ts', '/p/a/b/c.ts'], ['/p/a.js']],
    ['/p/{a,b}.ts', ['/p/a.ts', '/p/b.ts'], ['/p/c.ts', '/p/{a,b}.ts']],
    ['/p/?[!0-9].ts', ['/p/xa.ts'], ['/p/x1.ts', '/p/a.ts']],
    ['/p.q/*.ts', ['/p.q/a.ts'], ['/pxq/a.ts']],
  ])('%s', (pattern, matching, others) => {
    const expression = globExpression(pattern);
    expect([...matching, ...others].filter((file) => expression.test(file))).toEqual(matching);
  });
});
