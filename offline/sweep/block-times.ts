/**
 * The times of a block and its requests as doubles that compare like the instants themselves: the microseconds, where
 * every sum stays exact, else ranks among all instants that take part (years 1 and 9999, or spans of centuries).
 */
import { floorToGrid } from '../../contracts/time.ts';
import type { WindowManifest } from '../../contracts/manifest.ts';
import type { EventBlock } from './event-block.ts';
import { int64Numbers } from '../int64-numbers.ts';
import type { RequestBlock } from './request-block.ts';

export interface BlockTimes {
  /** By event: its time, the time from which it counts (event + delay), and when it was created (-Infinity for null). */
  readonly event: Float64Array;
  readonly entry: Float64Array;
  readonly created: Float64Array | undefined;
  /** When it stops to count; Infinity for good. */
  readonly until: Float64Array | undefined;
  /** By request: q, and for each duration window its lower bound. */
  readonly at: Float64Array;
  readonly lowers: readonly Float64Array[];
}

export type DurationWindow = Extract<WindowManifest, { kind: 'duration' }>;

export function readTimes(
  block: EventBlock,
  requests: RequestBlock,
  delayMicros: number,
  windows: readonly DurationWindow[],
): BlockTimes {
  return exactTimes(block, requests, delayMicros, windows) ?? rankedTimes(block, requests, delayMicros, windows);
}

const EXACT_DURATION = 2 ** 52;

function exactTimes(
  { event: events, created: creations, until: endings }: EventBlock,
  requests: RequestBlock,
  delayMicros: number,
  windows: readonly DurationWindow[],
): BlockTimes | undefined {
  if (delayMicros > EXACT_DURATION || windows.some(({ micros }) => micros > EXACT_DURATION)) return undefined;
  const event = int64Numbers(events);
  const at = int64Numbers(requests.at);
  const created = creations && int64Numbers(creations.values as BigInt64Array, creations.valid);
  const until = endings && int64Numbers(endings.values as BigInt64Array, endings.valid);
  if (!event || !at || (creations && !created) || (endings && !until)) return undefined;
  if (created && creations?.valid) {
    for (let row = 0; row < created.length; row++) if (creations.valid[row] === 0) created[row] = -Infinity;
  }
  return {
    event,
    entry: delayMicros === 0 ? event : event.map((time) => time + delayMicros),
    created,
    until: until && orForGood(until, endings?.valid),
    at,
    lowers: windows.map(({ micros, resolutionMicros }) => at.map((time) => floorTo(time - micros, resolutionMicros))),
  };
}

/** `time` floored on the epoch grid. Exact, which `Math.floor(time / step)` is not. */
export function floorTo(time: number, step: number | null): number {
  if (step === null) return time;
  const rest = time % step;
  return time - (rest < 0 ? rest + step : rest);
}

function orForGood(until: Float64Array, valid: Uint8Array | undefined): Float64Array {
  return valid ? until.map((time, row) => (valid[row] === 0 ? Infinity : time)) : until;
}

function rankedTimes(
  block: EventBlock,
  requests: RequestBlock,
  delayMicros: number,
  windows: readonly DurationWindow[],
): BlockTimes {
  const event = [...block.event];
  const entry = event.map((time) => time + BigInt(delayMicros));
  const created = block.created && [...(block.created.values as BigInt64Array)];
  const until = block.until && [...(block.until.values as BigInt64Array)];
  const at = [...requests.at];
  const lowers = windows.map(({ micros, resolutionMicros }) =>
    at.map((time) => floorToGrid(time - BigInt(micros), resolutionMicros ?? 1)),
  );
  const instants = [...new Set([event, entry, created ?? [], until ?? [], at, ...lowers].flat())];
  instants.sort((a, b) => (a < b ? -1 : 1));
  const rankOf = new Map(instants.map((instant, rank) => [instant, rank]));
  const ranks = (times: readonly bigint[]): Float64Array => Float64Array.from(times, (time) => rankOf.get(time)!);
  const valid = block.created?.valid;
  return {
    event: ranks(event),
    entry: ranks(entry),
    created: created && ranks(created).map((rank, row) => (valid?.[row] === 0 ? -Infinity : rank)),
    until: until && orForGood(ranks(until), block.until?.valid),
    at: ranks(at),
    lowers: lowers.map(ranks),
  };
}
