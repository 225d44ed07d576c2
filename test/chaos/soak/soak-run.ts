/**
 * A soak from a seed: two processes that serve, a Redis that keeps what it holds, reads at half of the capacity and pushes of ever
 * newer rows; Redis is killed and started again, and so is one of the processes, once in each ten minutes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { poll } from '../../e2e/support/polling.ts';
import { openServedStore, type ServedStore } from '../../integration/api/served-store.ts';
import { startServingProcesses, type ServingProcesses } from '../../integration/api/serving-processes.ts';
import { openRedisClient } from '../../../online/redis-client.ts';
import { startRedis } from '../../integration/online/redis-server.ts';
import { createDice, type Dice } from '../dice.ts';
import type { Journal } from '../journal.ts';
import { openCheckedReads, type CheckedReads } from './checked-reads.ts';
import { openHttpClient } from './http-client.ts';
import { openKnownValues, type KnownValues } from './known-values.ts';
import { loadOpenly, measureCapacity } from './open-load.ts';
import { watchMemory, type MemoryOfProcess } from './resident-memory.ts';
import { openRowWriter, type RowWriter } from './row-writer.ts';

export interface SoakLength {
  readonly capacityMillis: number;
  readonly millis: number;
}

export interface SoakReport {
  readonly seed: number;
  readonly length: SoakLength;
  /** Requests a second that were answered in a closed loop. */
  readonly capacity: number;
  readonly rate: number;
  /** Of the open loop; what was read to measure the capacity, and at the end, is checked alone. */
  readonly requests: number;
  readonly failed: ReadonlyMap<string, number>;
  readonly lost: ReadonlyMap<string, number>;
  /** Wrong answers of all reads, and the first of them. */
  readonly wrong: number;
  readonly examples: readonly string[];
  /** Milliseconds from when each read was due, sorted. */
  readonly took: Float64Array;
  readonly writer: Pick<RowWriter, 'pushes' | 'repeated'>;
  readonly faults: ReadonlyMap<string, number>;
  readonly memory: readonly MemoryOfProcess[];
}

const KEYS = 2000;
const KEYS_OF_A_READ = 10;
const ROWS_OF_A_FILL = 500;
const FAULTS_EVERY_MILLIS = 600_000;
const SAMPLES = 300;

export async function runSoak(seed: number, length: SoakLength, journal: Journal): Promise<SoakReport> {
  const served = await openServedStore(await startRedis({ isKept: true }));
  try {
    const processes = await startServingProcesses(served);
    try {
      return await soak(seed, length, journal, served, processes);
    } finally {
      await processes.close();
    }
  } finally {
    await served.close();
  }
}

async function soak(
  seed: number,
  length: SoakLength,
  journal: Journal,
  served: ServedStore,
  processes: ServingProcesses,
): Promise<SoakReport> {
  const [readDice, writeDice, faultDice] = [0, 1, 2].map((lane) => createDice(seed, lane)) as [Dice, Dice, Dice];
  const client = openHttpClient(processes.url);
  const over = new AbortController();
  try {
    const known = openKnownValues(KEYS);
    const writer = openRowWriter(client, known);
    const keys = Array.from({ length: KEYS }, (_, key) => key);
    for (let from = 0; from < KEYS; from += ROWS_OF_A_FILL) {
      await writer.write(keys.slice(from, from + ROWS_OF_A_FILL), 'both');
    }
    const askOf = (reads: CheckedReads) => () =>
      reads.read(Array.from({ length: KEYS_OF_A_READ }, () => readDice.integer(KEYS)));
    const writing = writer.run(writeDice, over.signal);

    const before = openCheckedReads(client, known);
    const capacity = await measureCapacity(length.capacityMillis, askOf(before));
    const rate = capacity / 2;
    journal.note(`capacity ${capacity.toFixed(0)} reads/s of ${KEYS_OF_A_READ} keys`);

    const reads = openCheckedReads(client, known);
    const memory = watchMemory(() => processesOf(served, processes));
    const watching = memory.run(length.millis / SAMPLES, over.signal);
    const faults = new Map<string, number>();
    const beside = Promise.all([
      writing,
      watching,
      injectFaults(length, faultDice, journal, faults, served, processes),
    ]);
    const load = loadOpenly(length.millis, rate, askOf(reads));
    const ended = beside.then(() => Promise.reject(new Error('what runs beside the load has ended early')));
    const took = await Promise.race([load, ended]);
    over.abort();
    await beside;
    const after = openCheckedReads(client, known);
    await readAll(after, known);
    const all = [before, reads, after];
    return {
      seed,
      length,
      capacity,
      rate,
      requests: reads.requests,
      failed: reads.failed,
      lost: reads.lost,
      wrong: all.reduce((sum, { wrong }) => sum + wrong, 0),
      examples: all.flatMap(({ examples }) => examples),
      took: took.sort(),
      writer,
      faults,
      memory: memory.verdict(),
    };
  } finally {
    over.abort();
    client.close();
  }
}

/** Nothing is on its way any more: each key has one right answer, and must give it. */
async function readAll(reads: CheckedReads, { keys }: KnownValues): Promise<void> {
  for (let from = 0; from < keys; from += KEYS_OF_A_READ) {
    await reads.read(Array.from({ length: KEYS_OF_A_READ }, (_, index) => from + index));
  }
  if (reads.lost.size > 0) throw new Error(`reads fail after the faults: ${[...reads.lost.keys()].join(', ')}`);
}

function processesOf(served: ServedStore, processes: ServingProcesses): ReadonlyMap<string, number> {
  const redis = served.redis.pid();
  return new Map([
    ['command', processes.pid],
    ...processes.serving().map((pid, index) => [`server ${index + 1}`, pid] as const),
    ...(redis === undefined ? [] : [['redis', redis] as const]),
  ]);
}

/** One of each in each ten minutes, in any order, never at once: between one and the next there is room to mend. */
async function injectFaults(
  { millis }: SoakLength,
  dice: Dice,
  journal: Journal,
  counts: Map<string, number>,
  served: ServedStore,
  processes: ServingProcesses,
): Promise<void> {
  const rounds = Math.ceil(millis / FAULTS_EVERY_MILLIS);
  const roundMillis = millis / rounds;
  const started = performance.now();
  const inject = async (name: string, from: number, work: () => Promise<string>): Promise<void> => {
    await sleep(Math.max(0, started + from * roundMillis + dice.millis(0, roundMillis * 0.3) - performance.now()));
    journal.note(`fault: ${name}, ${await work()}`);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  const killServer = async (): Promise<string> => {
    const victim = dice.pick(processes.serving());
    process.kill(victim, 'SIGKILL');
    await poll(() => (processes.serving().includes(victim) ? undefined : true));
    return `process ${victim} killed; another one serves in its place`;
  };
  const restartRedis = async (): Promise<string> => {
    const killed = performance.now();
    await served.redis.kill();
    await served.redis.start();
    const probe = openRedisClient({ url: served.redis.url });
    await poll(async () => ((await probe.ping()) ? true : undefined), 1);
    await probe.close();
    return `killed and started again with what it held: away for ${(performance.now() - killed).toFixed(0)} ms`;
  };
  for (let round = 0; round < rounds; round += 1) {
    const faults = [
      { name: 'server', work: killServer },
      { name: 'redis', work: restartRedis },
    ];
    if (dice.happens(0.5)) faults.reverse();
    for (const [index, { name, work }] of faults.entries()) await inject(name, round + 0.1 + index * 0.45, work);
  }
}
