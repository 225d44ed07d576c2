/** How fast reads come: as fast as they are answered, to measure a capacity; or at a rate, whatever becomes of them. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Clients that ask when they have their answer. */
const CLIENTS = 32;
/** Of the time, before it is counted: code becomes fast when it has run. */
const WARM_UP = 0.3;
/** Between looks at what is due. */
const PACE_MILLIS = 4;

/** Requests a second that are answered when the next comes as soon as one is. */
export async function measureCapacity(millis: number, ask: () => Promise<void>): Promise<number> {
  const started = performance.now();
  let countedFrom = 0;
  let answered = 0;
  const client = async (): Promise<void> => {
    while (performance.now() - started < millis) {
      await ask();
      if (performance.now() - started < millis * WARM_UP) continue;
      countedFrom ||= performance.now();
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (answered / (performance.now() - countedFrom)) * 1000;
}

/**
 * `rate` requests a second until the time is over; returns when all have ended. Answers the milliseconds that each took from when it was
 * due: one that waited for a connection has waited too.
 */
export async function loadOpenly(millis: number, rate: number, ask: () => Promise<void>): Promise<Float64Array> {
  const count = Math.floor((millis / 1000) * rate);
  const took = new Float64Array(count);
  const started = performance.now();
  let ended = 0;
  for (let planned = 0; planned < count; await sleep(PACE_MILLIS)) {
    for (const elapsed = performance.now() - started; planned < count; planned += 1) {
      const due = (planned / rate) * 1000;
      if (due > elapsed) break;
      void ask().then(() => (took[ended++] = performance.now() - started - due));
    }
  }
  while (ended < count) await sleep(PACE_MILLIS);
  return took;
}
