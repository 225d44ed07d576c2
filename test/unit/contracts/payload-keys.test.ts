import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { parsePayloadKeys } from '../../../contracts/payload-keys.ts';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');

it('the first key writes, and all of them read', () => {
  const keys = parsePayloadKeys(`2026-02:${key(2)},\n 2026-01:${key(1).replaceAll('=', '')}`, 'here');
  expect(keys.writes).toBe('2026-02');
  expect(keys.reads).toEqual(['2026-02', '2026-01']);
  expect(keys.bytesOf('2026-01')).toEqual(Buffer.alloc(32, 1));
  expect(keys.bytesOf('2025-12')).toBeUndefined();
});

it('keys show their ids alone', () => {
  const keys = parsePayloadKeys(`a:${key(65)}`, 'here');
  expect(JSON.stringify({ keys })).toBe('{"keys":{"writes":"a","reads":["a"]}}');
  expect(inspect(keys, { depth: 9, showHidden: true })).not.toMatch(/41 41|65, 65|QUFB/);
});

it.each([
  ['', 'here: holds no key'],
  [key(1), 'here: key 1 of 1 has no id such as 2026-01 before its colon'],
  [`a:${key(1)},b:c2hvcnQ=`, 'here: key 2 of 2 is not 32 bytes in base64'],
  [`a b:${key(1)}`, 'here: key 1 of 2 has no id such as 2026-01 before its colon'],
  [`a:${key(1)},a:${key(2)}`, 'here: the id a stands there twice'],
])('keys %j are refused without being repeated', (text, message) => {
  let problem = '';
  try {
    parsePayloadKeys(text, 'here');
  } catch (error) {
    problem = String(error);
  }
  expect(problem).toContain(message);
  expect(problem).not.toContain('AQEBAQ');
});
