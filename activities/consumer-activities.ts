import { Context } from '@temporalio/activity';
import { AsofError } from '../contracts/errors.ts';
import { addReports, NOTHING_STREAMED, type StreamReport } from '../contracts/streams.ts';
import { formatInstant } from '../contracts/time.ts';
import { sourceTable } from '../ingestion/plan-ingestion.ts';
import { requireTopics } from '../ingestion/topic-inputs.ts';
import { streamedView } from '../streaming/streamed-view.ts';
import { consumeView, type ConsumerReport } from '../streaming/view-consumer.ts';
import type { StreamDependencies } from './dependencies.ts';
import { withPulse } from './heartbeat.ts';
import { openStreamMeter } from './stream-meter.ts';

export interface ConsumeTopicInput {
  readonly project: string;
  readonly definitions: string;
  readonly view: string;
  readonly batchSize: number;
}

export interface TopicConsumed {
  /** Redis has lost the values: they have to be made anew before a consumer can go on. */
  readonly contentLost: boolean;
  /** Of all attempts; of one whose worker was killed up to its last heartbeat. */
  readonly report: StreamReport;
}

/** On the streaming queue, for as long as a stream runs. */
export interface ConsumerActivities {
  /** Consumes until it is cancelled, and then returns. Throws what `consumeView` throws. */
  consumeTopic(input: ConsumeTopicInput): Promise<TopicConsumed>;
}

export function createConsumerActivities({
  catalog,
  definitions,
  redis,
  openFollower,
  withEngine,
}: StreamDependencies): ConsumerActivities {
  return {
    async consumeTopic({ project, definitions: fingerprint, view, batchSize }) {
      const applied = await definitions.at(project, fingerprint);
      const streamed = streamedView(applied.manifest, view, await definitions.runtime(applied));
      const { source } = streamed;
      const follower = requireTopics(openFollower, source)();
      const work = { project, table: sourceTable(project, source.name), streamed, batchSize };
      const meter = openStreamMeter(project, view);
      try {
        return await withPulse(readReport, async (pulse) => {
          const { signal, resumed = NOTHING_STREAMED } = pulse;
          let last = resumed;
          const tell = (now: ConsumerReport): void => {
            meter.show(now);
            last = addReports([{ ...resumed, partitions: [], problem: null }, describeReport(now)]);
            pulse.report(last);
          };
          const ended = (contentLost: boolean): TopicConsumed => ({
            contentLost,
            report: { ...last, partitions: [], problem: null },
          });
          try {
            await withEngine((engine) =>
              consumeView({ catalog, redis, engine, follower }, work, { signal, report: tell }),
            );
          } catch (error) {
            if (error instanceof AsofError && error.code === 'ONLINE_CONTENT_LOST') return ended(true);
            throw error;
          }
          if (Context.current().cancellationDetails?.cancelRequested) return ended(false);
          // the worker shuts down, and another one takes the place
          throw new AsofError('CANCELLED', { where: `stream of ${view}` });
        });
      } finally {
        meter.close();
        await follower.close();
      }
    },
  };
}

function describeReport({ partitions, lost, newestEvent, ...report }: ConsumerReport): StreamReport {
  return {
    ...report,
    partitions: partitions.map(({ partition, next, lag }) => ({ partition, next: String(next), lag: String(lag) })),
    lost: String(lost),
    newestEvent: newestEvent === null ? null : formatInstant(newestEvent),
  };
}

function readReport(details: unknown): StreamReport | undefined {
  return (details as StreamReport | null | undefined) ?? undefined;
}
