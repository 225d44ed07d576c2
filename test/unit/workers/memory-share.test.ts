import { expect, it } from 'vitest';
import { memoryShare } from '../../../workers/memory-share.ts';

it.each([
  ['2GB', 2, '1000MB'],
  ['2GB', 3, '666MB'],
  ['1.5 gb', 1, '1500MB'],
  ['4GiB', 2, '2147MB'],
  ['500MB', 2, '250MB'],
])('%s in %i parts is %s', (limit, parts, share) => {
  expect(memoryShare(limit, parts)).toBe(share);
});

it.each(['', 'much', '2', '-1GB', '2 XB'])('refuses "%s"', (limit) => {
  expect(() => memoryShare(limit, 2)).toThrow('is not an amount of memory such as 2GB');
});
