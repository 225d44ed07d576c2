/**
 * Instants that compare by `<`: doubles while each is exact as one, which is what compares fastest, else `bigint`s. Either
 * kind of array may be compared with the other.
 */
import { int64Numbers, writeInt64 } from '../int64-numbers.ts';

export type Times = Float64Array | BigInt64Array;

/** Before every instant. */
export const NEVER = -(2n ** 63n);

export function readTimes(micros: BigInt64Array): Times {
  return int64Numbers(micros) ?? micros;
}

/** Times that are all before every instant. */
export function noTimes(count: number): Float64Array {
  return new Float64Array(count).fill(-Infinity);
}

/** Microseconds; `NEVER` for a time before every instant. */
export function timesToMicros(times: Times): BigInt64Array {
  if (times instanceof BigInt64Array) return times;
  const micros = new BigInt64Array(times.length);
  const halves = new Int32Array(micros.buffer);
  times.forEach((time, index) => {
    if (time === -Infinity) micros[index] = NEVER;
    else writeInt64(halves, index, time);
  });
  return micros;
}

export function copyTime(from: Times, index: number, to: Times, slot: number): void {
  (to as Float64Array)[slot] = (from as Float64Array)[index]!;
}
