/**
 * Brings the messages of a topic to the online values of one view, as a member of the view's group of consumers. What was
 * applied and how far it is change in one step inside Redis, so a consumer may die, come back or be at work twice: a message
 * counts once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog, LedgerKey } from '../catalog/catalog.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';
import type { TableKey } from '../contracts/lake.ts';
import { clockNow, laterInstant, type Micros } from '../contracts/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { Position } from '../online/position.ts';
import type { RedisClient } from '../online/redis-client.ts';
import type { StreamOffsets } from '../online/stream-offsets.ts';
import { publishLeft } from '../online/stream-outbox.ts';
import { openViewStream, requireContent, type ViewStream } from '../online/view-stream.ts';
import type { StreamedView } from './event-rows.ts';
import { openStreamReach } from './stream-reach.ts';
import type { GroupMember, TopicFollower } from './topic-follower.ts';
import { createApplier } from './view-applier.ts';

export interface ConsumerDependencies {
  readonly catalog: Pick<Catalog, 'tables' | 'intervals'>;
  readonly redis: RedisClient;
  readonly engine: Engine;
  readonly follower: TopicFollower;
}

export interface ConsumerWork {
  readonly project: string;
  /** Where the topic lands. */
  readonly table: TableKey;
  readonly streamed: StreamedView;
  /** The most messages that change values in one step. */
  readonly batchSize: number;
}

/** What a consumer has done since it began, and where it stands. */
export interface ConsumerReport {
  readonly partitions: readonly { readonly partition: number; readonly next: bigint; readonly lag: bigint }[];
  readonly applied: number;
  readonly late: number;
  readonly rejected: number;
  /** Messages that retention took before they were read. */
  readonly lost: bigint;
  readonly newestEvent: Micros | null;
  /** Why it waits; null while it works. */
  readonly problem: string | null;
}

interface Held {
  readonly stream: ViewStream;
  readonly generation: number;
  readonly positions: Map<number, bigint>;
}

const IDLE_MILLIS = 100;
/** Between two reports to the group, which a watcher of its lag cannot tell from one after each fetch. */
const REPORT_MILLIS = 1_000;
/** Between attempts while Kafka, Redis or the catalog is away, or a materialization has the values. */
const WAIT_MILLIS = 1_000;

/**
 * Consumes until `signal` aborts, and then leaves the group. Waits out what passes (stores that are away, a materialization that is
 * under way) and says so in its reports. Throws what does not pass: a rule that refuses the messages, a topic that was made
 * anew, a failure of the group, values that Redis has lost (`ONLINE_CONTENT_LOST`).
 */
export async function consumeView(
  dependencies: ConsumerDependencies,
  work: ConsumerWork,
  { signal, report }: { readonly signal: AbortSignal; readonly report: (report: ConsumerReport) => void },
): Promise<void> {
  const { follower, catalog } = dependencies;
  const { topic } = work.streamed.source;
  const member = await follower.join(groupName(work), topic);
  const apply = createApplier(dependencies, work);
  const tellGroup = createGroupReporter(member);
  const reach = openStreamReach(catalog.intervals, onlineKey(work));
  const totals = { applied: 0, late: 0, rejected: 0, lost: 0n, newestEvent: null as Micros | null };
  let held: Held | undefined;
  const tell = (ends: ReadonlyMap<number, bigint>, problem: string | null): void => {
    const partitions = [...(held?.positions ?? [])].map(([partition, next]) => ({
      partition,
      next,
      lag: (ends.get(partition) ?? next) - next,
    }));
    report({ ...totals, partitions, problem });
  };
  try {
    while (!signal.aborted) {
      member.check();
      try {
        if (held?.generation !== member.generation() || member.partitions().size === 0) {
          held = undefined;
          const generation = member.generation();
          const partitions = member.partitions();
          if (partitions.size === 0) {
            tell(new Map(), null);
            await pause(IDLE_MILLIS, signal);
            continue;
          }
          const stream = await open(dependencies, work);
          if (work.streamed.describe) await publishLeft(stream, follower.publish, partitions);
          const positions = new Map([...partitions].map((one) => [one, stream.offsets.get(one) ?? 0n]));
          held = { stream, generation, positions };
        }
        const asked = clockNow();
        const chunks = await follower.next(topic, held.positions, signal);
        if (chunks.every(({ from, next }) => next === from)) await requireContent(held.stream);
        for await (const done of apply(held.stream, chunks, signal)) {
          held.positions.set(done.partition, done.next);
          reach.applied(done);
          totals.applied += done.applied;
          totals.late += done.late;
          totals.rejected += done.rejected;
          totals.lost += done.lost;
          totals.newestEvent = laterInstant(totals.newestEvent, done.newestEvent);
        }
        await tellGroup(held.positions);
        reach.tell(asked, chunks, held.positions);
        tell(new Map(chunks.map(({ partition, end }) => [partition, end])), null);
      } catch (error) {
        if (signal.aborted) break;
        if (!passes(error)) throw error;
        held = undefined;
        tell(new Map(), messageOf(error));
        await pause(WAIT_MILLIS, signal);
      }
    }
  } finally {
    if (held !== undefined) await member.report(held.positions);
    await reach.close();
    await member.leave();
  }
}

/** Tells the group where the consumer is, when it has moved and not too often. */
function createGroupReporter(member: GroupMember): (positions: ReadonlyMap<number, bigint>) => Promise<void> {
  let told: readonly bigint[] = [];
  let toldAt = 0;
  return async (positions) => {
    const reached = [...positions.values()];
    const moved = reached.length !== told.length || reached.some((offset, place) => offset !== told[place]);
    if (!moved || performance.now() - toldAt < REPORT_MILLIS) return;
    [told, toldAt] = [reached, performance.now()];
    await member.report(positions);
  };
}

/** One group for each version of a view. */
function groupName({ project, streamed: { view } }: Pick<ConsumerWork, 'project' | 'streamed'>): string {
  return `asof/${project}/${view.name}@${view.fingerprint.slice(0, 12)}`;
}

function onlineKey({ project, streamed: { view } }: Pick<ConsumerWork, 'project' | 'streamed'>): LedgerKey {
  return { project, view: view.name, fingerprint: view.fingerprint, store: 'online' };
}

async function open({ catalog, redis, follower }: ConsumerDependencies, work: ConsumerWork): Promise<ViewStream> {
  const { project, table, streamed } = work;
  const { view, source, seen } = streamed;
  const recorded = await catalog.intervals.onlinePosition(onlineKey(work));
  const landed = async (position: Position | undefined): Promise<StreamOffsets> => {
    const first = (await follower.offsets(source.topic)).map((one) => [one.partition, one.first] as const);
    if (position === undefined) return new Map(first);
    const reached = await catalog.tables.topicPositions(table, source.topic, position.snapshot);
    return new Map(first.map(([partition, offset]) => [partition, reached.get(partition) ?? offset]));
  };
  return openViewStream({ redis, project, view, source: seen }, landed, recorded);
}

/** Whether the same may succeed a moment later. */
function passes(error: unknown): boolean {
  return error instanceof AsofError && (error.retryable || error.code === 'CONFLICT');
}

async function pause(millis: number, signal: AbortSignal): Promise<void> {
  await sleep(millis, undefined, { signal }).catch(() => undefined);
}
