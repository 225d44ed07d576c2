/** Wall-clock times of a zone as instants. */
import { floorToGrid, MICROS_PER_DAY, MICROS_PER_SECOND, type Micros } from '../contracts/time.ts';

/**
 * The instant of a wall-clock time, which is given as if it were UTC. Of a time that comes twice the later instant; one
 * that a clock change skips is as long after the change as it is after the last minute before it.
 */
export function instantInZone(wall: Micros, zone: string): Micros {
  const day = BigInt(MICROS_PER_DAY);
  const later = wall - zoneOffset(wall + day, zone);
  if (later + zoneOffset(later, zone) === wall) return later;
  return wall - zoneOffset(wall - day, zone);
}

/** How far the zone's clocks are ahead of UTC. */
function zoneOffset(instant: Micros, zone: string): Micros {
  const second = floorToGrid(instant, MICROS_PER_SECOND);
  const parts = clockOf(zone).formatToParts(new Date(Number(second / 1000n)));
  const read = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((part) => part.type === type)?.value);
  const wall = Date.UTC(read('year'), read('month') - 1, read('day'), read('hour'), read('minute'), read('second'));
  return BigInt(wall) * 1000n - second;
}

const CLOCKS = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = CLOCKS.get(zone);
  if (clock === undefined) {
    const [date, time] = ['numeric', '2-digit'] as const;
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: date,
      month: date,
      day: date,
      hour: time,
      minute: time,
      second: time,
    });
    CLOCKS.set(zone, clock);
  }
  return clock;
}
