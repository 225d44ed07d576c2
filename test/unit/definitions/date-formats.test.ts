import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { readDateFormat } from '../../../definitions/date-formats.ts';

function reads(format: string, text: string): boolean {
  const made = readDateFormat(format);
  if (typeof made === 'string') throw new TypeError(made);
  const finds = (pattern: string) => RE2JS.compile(pattern).matcher(text).find();
  return finds(made.pattern) && !(made.impossible !== null && finds(made.impossible));
}

describe('formats of dates', () => {
  // what datetime.strptime of Python 3.11 says
  test.each([
    ['%Y-%m-%d', '2024-02-29', true],
    ['%Y-%m-%d', '2023-02-29', false],
    ['%Y-%m-%d', '2024-2-9', true],
    ['%Y-%m-%d', '2024-04-31', false],
    ['%Y-%m-%d', '2024-12-31', true],
    ['%Y-%m-%d', '0000-01-01', false],
    ['%Y-%m-%d', '2024-13-01', false],
    ['%Y-%m-%d', '2024-01-01 ', false],
    ['%Y-%m-%d', 'x2024-01-01', false],
    ['%Y-%m-%d', '1900-02-29', false],
    ['%Y-%m-%d', '2000-02-29', true],
    ['%Y-%m-%d', '2024-1- 5', true],
    ['%Y-%m-%d', '2024-01-01\n', false],
    ['%Y%m%d', '20240101', true],
    ['%Y%m%d', '2024111', true],
    ['%Y%m%d', '2024231', false],
    ['%Y%m%d', '20240230', false],
    ['%d/%m/%y', '29/02/00', true],
    ['%d/%m/%y', '29/02/01', false],
    ['%d/%m/%y', '1/1/1', false],
    ['%d %B %Y', '29 February 2024', true],
    ['%d %B %Y', '29 february 2023', false],
    ['%d %B %Y', '31 june 2024', false],
    ['%d %B %Y', '1  MAY  2024', true],
    ['%d-%b', '29-Feb', false],
    ['%d-%b', '28-feb', true],
    ['%H:%M:%S.%f', '23:59:59.1', true],
    ['%H:%M:%S.%f', '24:00:00.0', false],
    ['%H:%M:%S.%f', '1:2:60.0', false],
    ['%H:%M:%S.%f', '1:2:3.1234567', false],
    ['%I:%M %p', '12:00 AM', true],
    ['%I:%M %p', '13:00 pm', false],
    ['%Y-%m-%dT%H:%M:%S%z', '2024-01-01T00:00:00Z', true],
    ['%Y-%m-%dT%H:%M:%S%z', '2024-01-01T00:00:00+05:30', true],
    ['%Y-%m-%dT%H:%M:%S%z', '2024-01-01t00:00:00-0800', true],
    ['%Y-%m-%dT%H:%M:%S%z', '2024-01-01T00:00:00+24:00', false],
    ['%Y-%m-%dT%H:%M:%S%z', '2024-01-01T00:00:00+05:3015', false],
    ['%Y-%m-%dT%H:%M:%S%z', '2024-01-01T00:00:00z', false],
    ['%A, %d.%m.%Y', 'monday, 01.01.2024', true],
    ['%A, %d.%m.%Y', 'Mon, 01.01.2024', false],
    ['%A, %d.%m.%Y', 'sunday, 31.11.2024', false],
    ['100%% %H', '100% 5', true],
    ['100%% %H', '100 5', false],
  ])('%s of %j is %s', (format, text, expected) => {
    expect(reads(format, text)).toBe(expected);
  });

  test('the ends of months over two centuries are as the calendar has it', () => {
    for (let year = 1896; year <= 2104; year += 1) {
      for (const [month, days] of [
        [2, 29],
        [4, 31],
        [12, 31],
      ] as const) {
        const date = new Date(Date.UTC(year, month - 1, days));
        expect(reads('%Y-%m-%d', `${year}-${month}-${days}`), `${year}-${month}`).toBe(
          date.getUTCMonth() === month - 1,
        );
      }
    }
  });

  test.each([
    ['%Y-%Q', /the directive %Q is not known; known: %Y/],
    ['%Y %y', /it has the year twice, as %Y and as %y/],
    ['plain', /it has no directive/],
    ['%Y-%', /the directive % is not known/],
  ])('%s is refused', (format, problem) => {
    expect(readDateFormat(format)).toMatch(problem);
  });
});
