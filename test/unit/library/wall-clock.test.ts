import { describe, expect, it } from 'vitest';
import { formatInstant, parseInstant } from '../../../contracts/time.ts';
import { instantInZone } from '../../../library/wall-clock.ts';

describe('instantInZone', () => {
  it.each([
    ['2024-01-15T12:00:00.123456', 'America/New_York', '2024-01-15T17:00:00.123456Z'],
    ['2024-07-15T12:00:00', 'America/New_York', '2024-07-15T16:00:00.000000Z'],
    ['2024-07-15T12:00:00', 'Asia/Kolkata', '2024-07-15T06:30:00.000000Z'],
    ['2024-07-15T12:00:00', 'UTC', '2024-07-15T12:00:00.000000Z'],
    ['1960-07-15T12:00:00.5', 'Europe/Paris', '1960-07-15T11:00:00.500000Z'],
    // skipped: 02:30 is half an hour after 02:00, which is 03:00 by then
    ['2024-03-10T02:30:00', 'America/New_York', '2024-03-10T07:30:00.000000Z'],
    // twice: the second time
    ['2024-11-03T01:30:00', 'America/New_York', '2024-11-03T06:30:00.000000Z'],
    ['2024-11-03T00:30:00', 'America/New_York', '2024-11-03T04:30:00.000000Z'],
  ])('%s in %s', (wall, zone, instant) => {
    expect(formatInstant(instantInZone(parseInstant(wall)!, zone))).toBe(instant);
  });
});
