import { Context } from '@temporalio/activity';
import type { RunStreamInput, StreamReport } from '../contracts/streams.ts';
import { requireTopics } from '../ingestion/topic-inputs.ts';
import { streamedView } from '../streaming/streamed-view.ts';
import { readConsumerReports } from './consumer-reports.ts';
import type { StreamDependencies } from './dependencies.ts';

export interface StreamPlanned {
  /** Fingerprint of the definitions that the consumers use. */
  readonly definitions: string;
  /** The view's. */
  readonly fingerprint: string;
  readonly source: string;
}

/** What a stream looks at from time to time. */
export interface StreamObserved {
  /** Fingerprint of the view as it is applied now; null when it is gone. */
  readonly applied: string | null;
  readonly report: StreamReport;
}

/** Short: on the serving queue. */
export interface StreamPlanActivities {
  /**
   * Throws `UNKNOWN_NAME`, `INVALID_VALUE` for a view to which a stream can bring nothing, `CONFIG_INVALID` when no broker is
   * named, `INPUT_NOT_FOUND` for a topic that is not there.
   */
  planStream(input: Pick<RunStreamInput, 'project' | 'view'>): Promise<StreamPlanned>;
  /** Reads what the consumers of the calling run told with their last heartbeats. */
  observeStream(input: Pick<RunStreamInput, 'project' | 'view'>): Promise<StreamObserved>;
}

export function createStreamPlanActivities({
  definitions,
  topics,
}: Pick<StreamDependencies, 'definitions' | 'topics'>): StreamPlanActivities {
  return {
    async planStream({ project, view }) {
      const applied = await definitions.current(project);
      const { manifest } = applied;
      const { source, view: feature } = streamedView(manifest, view, await definitions.runtime(applied));
      await requireTopics(topics, source).offsets(source.topic);
      return { definitions: manifest.fingerprint, fingerprint: feature.fingerprint, source: source.name };
    },

    async observeStream({ project, view }) {
      const { manifest } = await definitions.current(project);
      const applied = manifest.views.find(({ name }) => name === view)?.fingerprint ?? null;
      const { client, info } = Context.current();
      if (info.workflowExecution === undefined) throw new TypeError('observeStream is for workflows');
      const { workflowId, runId } = info.workflowExecution;
      return { applied, report: await readConsumerReports(client, { workflowId, runId }) };
    },
  };
}
