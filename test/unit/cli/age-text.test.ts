import { expect, it } from 'vitest';
import { ageText } from '../../../cli/age-text.ts';

it.each([
  [0, '0 s'],
  [8, '8 s'],
  [60, '1 min'],
  [200, '3 min 20 s'],
  [18_030, '5 h'],
  [801_589_090, '9277 d 15 h'],
])('%i seconds are %s', (seconds, text) => {
  expect(ageText(seconds)).toBe(text);
});
