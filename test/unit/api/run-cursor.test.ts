import { expect, it } from 'vitest';
import { readRunCursor, writeRunCursor } from '../../../api/run-cursor.ts';

it.each([
  { startedAt: 1_700_000_000_123_456n, id: '01a20da7-cb87-7a0e-928c-9adbd1680946' },
  { startedAt: -1n, id: 'a b' },
])('names %o', (place) => {
  expect(readRunCursor(writeRunCursor(place))).toEqual(place);
});

it.each(['', 'x', Buffer.from('12').toString('base64url'), `${writeRunCursor({ startedAt: 1n, id: 'a' })}!`])(
  'refuses "%s"',
  (text) => {
    expect(() => readRunCursor(text)).toThrow(/must be "next" of an earlier page/);
  },
);
