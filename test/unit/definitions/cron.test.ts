import { describe, expect, it } from 'vitest';
import { findCronProblem } from '../../../definitions/cron.ts';

describe('findCronProblem', () => {
  it.each([
    '* * * * *',
    '*/15 * * * *',
    '5/15 1-3,7 * * *',
    '0 6 * * MON-FRI',
    '0 0 * * 7',
    '0 0 29 2 *',
    '0 0 31 2,3 *',
    '0 0 1-31/2 JAN-mar *',
    '@hourly',
    '@midnight',
  ])('takes %s', (text) => {
    expect(findCronProblem(text)).toBeUndefined();
  });

  it.each([
    ['', 'is not a cron expression of five fields'],
    ['0 0 * *', 'is not a cron expression of five fields'],
    ['0 0 0 * * *', 'is not a cron expression of five fields'],
    ['60 * * * *', '"60" is not a minute (0 to 59)'],
    ['* 24 * * *', '"24" is not a hour (0 to 23)'],
    ['* * 0 * *', '"0" is not a day of month (1 to 31)'],
    ['* * * 13 *', '"13" is not a month (1 to 12)'],
    ['* * * * 8', '"8" is not a day of week (0 to 7)'],
    ['* * * * FRI-MON', '"FRI-MON" is not a day of week'],
    ['*/0 * * * *', '"*/0" is not a minute'],
    ['1,,2 * * * *', '"1,,2" is not a minute'],
    ['-5 * * * *', '"-5" is not a minute'],
    ['0 0 30 2 *', 'names a day that no month has'],
    ['0 0 31 4,6 *', 'names a day that no month has'],
    ['0 0 1 * MON', 'restricts the day of the month and the day of the week'],
    ['@every 5m', 'is an interval'],
    ['@reboot', 'is not a cron expression'],
    ['CRON_TZ=Europe/Berlin 0 6 * * *', 'names a time zone'],
  ])('refuses %j: it %s', (text, problem) => {
    expect(findCronProblem(text)?.problem).toContain(problem);
  });
});
