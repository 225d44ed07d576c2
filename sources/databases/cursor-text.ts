/** The end of a read as a value of its cursor: the latest one that does not wait. */
import type { DatabaseSourceManifest } from '../../contracts/manifest.ts';
import { formatInstant, MICROS_PER_SECOND, type Micros } from '../../contracts/time.ts';
import type { DatabaseColumn } from './connection.ts';

const MICROS_PER_UNIT: Readonly<Record<string, bigint>> = {
  'timestamp[s]': 1_000_000n,
  'timestamp[ms]': 1_000n,
  'timestamp[us]': 1n,
};

/** `declared` is the cursor's type in the source; `instant` is taken in. */
export function cursorText(
  { timezone }: Pick<DatabaseSourceManifest, 'timezone'>,
  declared: string,
  { content }: DatabaseColumn,
  instant: Micros,
): string {
  switch (content) {
    case 'instant':
      return `${wallClock(instant, 'UTC')}Z`;
    case 'local':
    case 'date':
      return wallClock(instant, timezone ?? 'UTC');
    default:
      return String(instant / (MICROS_PER_UNIT[declared] ?? 1n));
  }
}

/** `2024-01-31 12:00:00.123456` as clocks show it in a zone. */
function wallClock(instant: Micros, zone: string): string {
  if (zone === 'UTC') return formatInstant(instant).replace('T', ' ').replace('Z', '');
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  const parts = new Map(format.formatToParts(Number(instant / 1000n)).map(({ type, value }) => [type, value]));
  const at = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const micros = String(instant % BigInt(MICROS_PER_SECOND)).padStart(6, '0');
  return `${at('year')}-${at('month')}-${at('day')} ${at('hour')}:${at('minute')}:${at('second')}.${micros}`;
}
