import { expect, test } from 'vitest';
import { formatByteSize, parseByteSize } from '../../../contracts/byte-size.ts';

test.each([
  ['2GB', 2e9],
  ['512 MiB', 512 * 2 ** 20],
  ['1.5kb', 1500],
  ['2', undefined],
  ['two GB', undefined],
])('%s is %s bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1 kB'],
  [1234, '1.2 kB'],
  [123_456, '123 kB'],
  [64e9, '64 GB'],
  [9e18, '9,000 PB'],
])('%s bytes are shown as %s', (bytes, text) => {
  expect(formatByteSize(bytes)).toBe(text);
});
