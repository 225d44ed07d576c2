/** From a topic to readable windows: how many events, and how soon. One view with three windows, 100,000 keys, four partitions. */
import path from 'node:path';
import type { Contender } from '../contest.ts';
import { isMeasured, type BenchRow, type Target } from '../row.ts';

const KEYS = 100_000;
const EVENTS = 200_000;
const RATE = 2_000;
const SECONDS = 20;

const contender = (name: string, program: string, ...numbers: readonly number[]): Contender => ({
  name,
  command: [process.execPath, ...['--import', 'tsx', path.join(import.meta.dirname, program)], ...numbers.map(String)],
});

/** By the processor time of the consumer's process; Redis and Kafka have theirs. */
const perCore = (column: Target['column'], events: number): Target => ({
  column,
  text: `${events.toLocaleString('en')} events for each second of processor time`,
  reached: ([own]) => (isMeasured(own) ? own.rows / own.minimumCpuSeconds >= events : undefined),
});

export const STREAMING_ROWS: readonly BenchRow[] = [
  {
    id: 'streaming-events',
    group: 'streaming',
    title: `${EVENTS.toLocaleString('en')} waiting events into windows of ${KEYS.toLocaleString('en')} keys`,
    quick: true,
    rounds: 3,
    targets: [perCore('first', 20_000), perCore('then', 50_000)],
    prepare: () =>
      Promise.resolve([
        contender('Asof, from topic to window', 'stream-events.ts', EVENTS, KEYS),
        contender('bare consumer, one SET an event', 'bare-consumer.ts', EVENTS, KEYS),
      ]),
  },
  {
    id: 'streaming-freshness',
    group: 'streaming',
    title: `From sending an event to an answer over HTTP that counts it, 99th percentile at ${RATE.toLocaleString('en')} events/s`,
    quick: true,
    rounds: 3,
    targets: [
      {
        column: 'first',
        text: 'under 1 s',
        reached: ([own]) => (isMeasured(own) ? own.minimumSeconds < 1 : undefined),
      },
    ],
    prepare: () =>
      Promise.resolve([contender('Asof, from producer to HTTP', 'stream-events.ts', RATE * SECONDS, KEYS, RATE)]),
  },
];
