/**
 * Keeps some of the vectors that a process serves for a later check. The choice is made before the read, and costs the others
 * nothing; what was chosen is written behind the answer, and dropped rather than waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import type { LoggedSample, ServedBounds } from '../contracts/consistency.ts';
import type { FeaturePlan, PlannedView } from '../contracts/plan.ts';
import { clockNow, type Micros } from '../contracts/time.ts';
import { sourceTable } from '../offline/view-coverage.ts';
import { readHeldPosition, type HeldPosition } from './held-position.ts';
import type { RedisClient } from './redis-client.ts';
import { servedBounds } from './served-bounds.ts';
import { sampleVector, type SampledVector, type ServedRead } from './served-sample.ts';
import { viewKeys } from './store-keys.ts';

export interface ServedSampler {
  /** Whether the read that is about to begin is one of the sample: undefined for most. Never fails. */
  begin(plan: FeaturePlan): Promise<BegunSample | undefined> | undefined;
  /** Keeps one entity of what was read since. Never fails, and takes no time of the reader's. */
  keep(begun: BegunSample, read: ServedRead): void;
  readonly readings: SamplerReadings;
  /** Writes what is at hand, for a moment, and takes nothing more. */
  close(): Promise<void>;
}

export interface SamplerReadings {
  readonly kept: number;
  /** Beyond what is kept of a second, of no room in the queue, too large, or while a store was away. */
  readonly dropped: number;
}

export interface SamplerLimits {
  /** Of the reads, from 0 to 1. */
  readonly share: number;
  /** Vectors. */
  readonly mostInSecond: number;
  readonly mostQueued: number;
}

export const SAMPLER_LIMITS: SamplerLimits = { share: 0.01, mostInSecond: 50, mostQueued: 500 };

export interface SamplerDependencies {
  readonly project: string;
  readonly catalog: Pick<Catalog, 'consistency' | 'tables'>;
  readonly redis: RedisClient;
}

/** Where the streams were before the read, by view. */
export type BegunSample = ReadonlyMap<string, HeldPosition>;

interface Queued {
  readonly begun: BegunSample;
  readonly vector: SampledVector;
  readonly plan: FeaturePlan;
  readonly positions: ServedRead['vectors']['positions'];
  readonly servedAt: Micros;
}

/** A chosen read waits no longer for where its streams are. */
const BEFORE_MILLIS = 50;
const WRITTEN_AT_ONCE = 100;
/** How long vectors gather before they are written together. What streams bring meanwhile is what a check cannot tell apart. */
const GATHER_MILLIS = 200;
const MOST_BYTES = 256 * 1024;
const CLOSE_MILLIS = 2000;
const NO_STREAMS: BegunSample = new Map();

export function createServedSampler(
  { project, catalog, redis }: SamplerDependencies,
  { share, mostInSecond, mostQueued }: SamplerLimits,
): ServedSampler {
  const count = { kept: 0, dropped: 0 };
  const queue: Queued[] = [];
  let second = 0;
  let inSecond = 0;
  let writing: Promise<void> | undefined;
  const closing = new AbortController();

  const heldOf = ({ view }: PlannedView): Promise<HeldPosition> =>
    readHeldPosition(redis, viewKeys(project, view.name, view.fingerprint));

  const readStreams = async (views: readonly PlannedView[]): Promise<BegunSample | undefined> => {
    const reading = Promise.all(views.map(async (one) => [one.view.name, await heldOf(one)] as const));
    const found = await Promise.race([reading.catch(() => undefined), sleep(BEFORE_MILLIS, undefined, { ref: false })]);
    if (found === undefined) count.dropped += 1;
    return found && new Map(found);
  };

  const isOfSample = (): boolean => {
    if (share === 0 || closing.signal.aborted || Math.random() >= share) return false;
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) [second, inSecond] = [now, 0];
    inSecond += 1;
    if (inSecond <= mostInSecond && queue.length < mostQueued) return true;
    count.dropped += 1;
    return false;
  };

  const write = async (batch: readonly Queued[]): Promise<void> => {
    const around = new Map<string, Promise<readonly [HeldPosition, number]>>();
    const afterOf = (planned: PlannedView): Promise<readonly [HeldPosition, number]> => {
      const { name, fingerprint } = planned.view;
      const reading =
        around.get(`${name} ${fingerprint}`) ??
        Promise.all([heldOf(planned), catalog.tables.head(sourceTable(project, planned.source))]);
      around.set(`${name} ${fingerprint}`, reading);
      return reading;
    };
    const boundsOf = async ({ plan, begun, positions }: Queued): Promise<Readonly<Record<string, ServedBounds>>> => {
      const bounds = plan.views.map(async (planned) => {
        const { name } = planned.view;
        const [after, head] = await afterOf(planned);
        return [
          name,
          servedBounds({ position: positions[name] ?? null, before: begun.get(name), after, head }),
        ] as const;
      });
      return Object.fromEntries(await Promise.all(bounds));
    };
    const samples = await Promise.all(
      batch.map(async (one): Promise<Omit<LoggedSample, 'id'>> => {
        return { servedAt: one.servedAt, sample: { ...one.vector, bounds: await boundsOf(one) } };
      }),
    );
    const small = samples.filter(({ sample }) => JSON.stringify(sample).length <= MOST_BYTES);
    await catalog.consistency.addSamples(project, small);
    count.kept += small.length;
    count.dropped += batch.length - small.length;
  };

  const writeQueue = async (): Promise<void> => {
    await sleep(GATHER_MILLIS, undefined, { ref: false, signal: closing.signal }).catch(() => undefined);
    while (queue.length > 0) {
      const batch = queue.splice(0, WRITTEN_AT_ONCE);
      await write(batch).catch(() => {
        count.dropped += batch.length;
      });
    }
    writing = undefined;
  };

  return {
    begin(plan) {
      if (!isOfSample()) return undefined;
      const streamed = plan.views.filter(({ base, source, view }) => (base ?? source).kind === 'kafka' && view.online);
      return streamed.length === 0 ? Promise.resolve(NO_STREAMS) : readStreams(streamed);
    },
    keep(begun, read) {
      const entities = read.vectors.keys[0]?.cells.length ?? read.vectors.features[0]?.answers.length ?? 0;
      if (entities === 0) return;
      if (queue.length >= mostQueued || closing.signal.aborted) {
        count.dropped += 1;
        return;
      }
      try {
        const vector = sampleVector(read, Math.floor(Math.random() * entities));
        const { plan, vectors } = read;
        queue.push({ begun, vector, plan, positions: vectors.positions, servedAt: clockNow() });
      } catch {
        // a value without a form in JSON is no reason to fail a read
        count.dropped += 1;
        return;
      }
      writing ??= writeQueue();
    },
    get readings() {
      return { ...count };
    },
    async close() {
      closing.abort();
      await Promise.race([writing, sleep(CLOSE_MILLIS, undefined, { ref: false })]);
      count.dropped += queue.splice(0).length;
    },
  };
}
