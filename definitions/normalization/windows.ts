import type { WindowManifest } from '../../contracts/manifest.ts';
import {
  formatDuration,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  parseDuration,
} from '../../contracts/time.ts';
import { DURATION_RULE, show, type OptionReader } from './option-reader.ts';

const RESOLUTIONS = [
  MICROS_PER_SECOND,
  5 * MICROS_PER_SECOND,
  15 * MICROS_PER_SECOND,
  MICROS_PER_MINUTE,
  5 * MICROS_PER_MINUTE,
  15 * MICROS_PER_MINUTE,
  MICROS_PER_HOUR,
  6 * MICROS_PER_HOUR,
  MICROS_PER_DAY,
];
const STEPS_PER_WINDOW = 48;
const DEFAULT_MAX_EVENTS = 10_000;

/** The largest step of the grid that is at most 1/48 of the window; null (exact) for windows under 48 s. */
export function defaultResolution(windowMicros: number): number | null {
  return RESOLUTIONS.findLast((step) => step * STEPS_PER_WINDOW <= windowMicros) ?? null;
}

/** The window of an aggregate that takes either `window` or `last`. */
export function normalizeWindow(options: OptionReader): WindowManifest {
  const { place } = options;
  const [window, last] = [options.get('window'), options.get('last')];
  if ((window === undefined) === (last === undefined)) {
    const problem = window === undefined ? 'it has neither a window nor last' : 'it has both a window and last';
    place.report(problem, "give one of them, such as window: '1h' or last: 10");
    return { kind: 'all' };
  }
  if (last !== undefined) {
    for (const name of ['resolution', 'maxEvents'].filter((one) => options.get(one) !== undefined)) {
      place.in(name).report(`${name} has no meaning with last`, 'leave it out');
    }
    return lastEvents(last, options, 'last');
  }
  if (window === 'all') {
    const resolution = options.get('resolution');
    if (resolution !== undefined && resolution !== 'exact') {
      place.in('resolution').report('a window without a lower bound has no resolution', 'leave it out');
    }
    return { kind: 'all' };
  }
  const micros = typeof window === 'string' ? parseDuration(window) : undefined;
  if (micros === undefined) {
    place.in('window').report(`${show(window)} is not a duration`, `${DURATION_RULE}, or 'all'`);
    return { kind: 'all' };
  }
  return { kind: 'duration', micros, resolutionMicros: normalizeResolution(options, micros) };
}

/** A window of the newest events; `name` is where their number was written. */
export function lastEvents(count: unknown, options: OptionReader, name: string): WindowManifest {
  if (Number.isSafeInteger(count) && Number(count) > 0) return { kind: 'last', count: Number(count) };
  options.place.in(name).report(`${show(count)} is not a number of events`, 'give a whole number from 1');
  return { kind: 'last', count: 1 };
}

/** How many raw events an exact window keeps online for each key. */
export function normalizeMaxEvents(options: OptionReader): number {
  const given = options.get('maxEvents') ?? DEFAULT_MAX_EVENTS;
  if (Number.isSafeInteger(given) && Number(given) > 0) return Number(given);
  options.place.in('maxEvents').report(`${show(given)} is not a number of events`, 'give a whole number from 1');
  return DEFAULT_MAX_EVENTS;
}

function normalizeResolution(options: OptionReader, windowMicros: number): number | null {
  const given = options.get('resolution');
  if (given === 'exact') return null;
  if (given === undefined) return defaultResolution(windowMicros);
  const micros = typeof given === 'string' ? parseDuration(given) : undefined;
  const place = options.place.in('resolution');
  if (micros === undefined) {
    place.report(`${show(given)} is not a duration`, `${DURATION_RULE}, or 'exact'`);
  } else if (micros > windowMicros) {
    place.report(
      `the resolution ${formatDuration(micros)} is above the window ${formatDuration(windowMicros)}`,
      `give at most ${formatDuration(windowMicros)}, or leave it out`,
    );
  } else {
    return micros;
  }
  return null;
}
