/** The faults of a chaos run: each is done, lasts, and is mended again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../support/fault-proxy.ts';
import type { ChaosPlatform } from './chaos-platform.ts';
import type { Dice } from './dice.ts';
import type { Journal } from './journal.ts';

interface FaultKind {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** Default: everywhere. */
  readonly appliesTo?: (platform: ChaosPlatform) => boolean;
  /** Resolves when what it broke is whole again. */
  inject(platform: ChaosPlatform, dice: Dice): Promise<string>;
}

/** Longer than the heartbeat timeout of 12 seconds: the work goes to another worker, and the sleeper wakes beside it. */
const BEYOND_HEARTBEAT = [13_000, 18_000] as const;

const STORES = ['catalog', 'redis', 'temporal'] as const;

const S3_FAULTS: readonly Fault[] = [
  { kind: 'answer', status: 503, code: 'SlowDown' },
  { kind: 'answer', status: 500, code: 'InternalError' },
  { kind: 'reset' },
  { kind: 'lose answer' },
  { kind: 'cut', after: 100 },
];

/** A worker ends, and another takes its place. */
function ending(name: string, weight: number, signal: 'SIGKILL' | 'SIGTERM'): FaultKind {
  return {
    name,
    weight,
    async inject({ crew }, dice) {
      const victim = dice.pick(crew.names);
      crew.get(victim).signal(signal);
      await crew.revive(victim);
      return victim;
    },
  };
}

const FAULTS: readonly FaultKind[] = [
  ending('kill', 5, 'SIGKILL'),
  ending('terminate', 2, 'SIGTERM'),
  {
    name: 'freeze',
    weight: 2,
    async inject({ crew }, dice) {
      const name = dice.pick(crew.names);
      const millis = dice.happens(0.5) ? dice.millis(...BEYOND_HEARTBEAT) : dice.millis(500, 3000);
      crew.get(name).signal('SIGSTOP');
      await sleep(millis);
      crew.get(name).signal('SIGCONT');
      return `${name} for ${millis} ms`;
    },
  },
  {
    name: 'cut connections',
    weight: 3,
    async inject({ proxies }, dice) {
      const store = dice.pick(STORES);
      proxies[store].cut();
      return store;
    },
  },
  {
    name: 'refuse connections',
    weight: 2,
    async inject({ proxies }, dice) {
      const store = dice.pick(STORES);
      const millis = dice.millis(500, 5000);
      proxies[store].refuse();
      await sleep(millis);
      proxies[store].heal();
      return `${store} for ${millis} ms`;
    },
  },
  {
    name: 'slow connections',
    weight: 2,
    async inject({ proxies }, dice) {
      const store = dice.pick(STORES);
      const millis = dice.millis(1000, 5000);
      const delay = dice.millis(20, 300);
      proxies[store].delay(delay);
      await sleep(millis);
      proxies[store].heal();
      return `${store} by ${delay} ms for ${millis} ms`;
    },
  },
  {
    name: 'cut at COMMIT',
    weight: 4,
    async inject({ proxies }, dice) {
      const when = dice.pick(['before', 'during', 'after'] as const);
      proxies.catalog.cutAt({ at: /^Q[^]{4}commit\0/i }, when);
      return when;
    },
  },
  {
    name: 'full disk',
    weight: 3,
    appliesTo: ({ lakeDisk }) => lakeDisk !== null,
    async inject({ lakeDisk }, dice) {
      const millis = dice.millis(500, 4000);
      await lakeDisk?.fill();
      await sleep(millis);
      lakeDisk?.free();
      return `for ${millis} ms`;
    },
  },
  {
    name: 'empty Redis',
    weight: 2,
    async inject({ redisServer }) {
      await redisServer.restartEmpty();
      return 'killed and started again';
    },
  },
  {
    name: 'failing S3',
    weight: 6,
    appliesTo: ({ lakeProxy }) => lakeProxy !== null,
    async inject({ lakeProxy }, dice) {
      const millis = dice.millis(500, 4000);
      lakeProxy?.inject(() => (dice.happens(0.3) ? dice.pick(S3_FAULTS) : undefined));
      await sleep(millis);
      lakeProxy?.reset();
      return `for ${millis} ms`;
    },
  },
];

/** Injects fault after fault until it is told to stop; counts in `counts` how often each happened. */
export async function injectFaults(
  platform: ChaosPlatform,
  dice: Dice,
  journal: Journal,
  counts: Map<string, number>,
  stop: AbortSignal,
): Promise<void> {
  const applicable = FAULTS.filter(({ appliesTo }) => appliesTo?.(platform) ?? true);
  const deck = applicable.flatMap((fault) => Array.from({ length: fault.weight }, () => fault));
  const left = [...deck];
  for (;;) {
    await sleep(dice.millis(200, 2500), undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) break;
    if (left.length === 0) left.push(...deck);
    const [fault] = left.splice(dice.integer(left.length), 1) as [FaultKind];
    journal.note(`fault: ${fault.name}`);
    const detail = await fault.inject(platform, dice);
    journal.note(`fault over: ${fault.name}, ${detail}`);
    counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
  }
  for (const store of STORES) platform.proxies[store].heal();
}
