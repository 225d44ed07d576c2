import { CancellationScope, condition, sleep, workflowInfo } from '@temporalio/workflow';
import type { ConsumerActivities } from '../activities/consumer-activities.ts';
import type { StreamPlanActivities, StreamPlanned } from '../activities/stream-plan-activities.ts';
import type { RunStreamInput } from '../contracts/streams.ts';
import { parseDuration } from '../contracts/time.ts';
import { consumerActivities, shortActivities } from './activity-options.ts';
import { describeFailure } from './run-failure.ts';
import type { StreamBoard } from './stream-board.ts';
import type { StreamControl } from './stream-control.ts';
import { landTopic } from './topic-landing.ts';

const DEFAULT_BATCH_SIZE = 1000;
const DEFAULT_LAND_EVERY = '1m';
/** Some 20 a minute: an execution lasts for an hour, and its history is short. */
const MOST_EVENTS = 1000;
const LONGEST_EXECUTION_MILLIS = 86_400_000;

/** Why the consumers have ended: `long` asks for a new execution. */
export type StreamEnd = 'stopped' | 'consumers' | 'content-lost' | 'changed' | 'long';

export interface StreamOperation {
  readonly control: Readonly<StreamControl>;
  readonly board: StreamBoard;
}

/**
 * Keeps as many consumers at work as the control says, and the topic landed beside them, until something asks for their end; then
 * all of them have ended. Throws what ended one of them for good, and cancellation.
 */
export async function consumeUntil(
  request: RunStreamInput,
  plan: StreamPlanned,
  operation: StreamOperation,
): Promise<StreamEnd> {
  const { control, board } = operation;
  const wanted = control.consumers;
  const scope = new CancellationScope();
  let end: StreamEnd | undefined;
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => void (failure ??= { error });

  const consume = async (index: number): Promise<void> => {
    try {
      const { contentLost, report } = await consumerActivities<ConsumerActivities>(
        `consumer ${index + 1} of ${wanted}`,
      ).consumeTopic({
        project: request.project,
        definitions: plan.definitions,
        view: request.view,
        batchSize: request.batchSize ?? DEFAULT_BATCH_SIZE,
      });
      board.addEnded(report);
      if (contentLost) end ??= 'content-lost';
    } catch (error) {
      // one that was asked to end may be on a worker that is gone
      if (!scope.consideredCancelled) fail(error);
    }
  };
  const consuming = scope.run(() => Promise.all(Array.from({ length: wanted }, (_, index) => consume(index))));
  const landing = scope.run(() => landPeriodically(request, plan, board)).then((reason) => void (end ??= reason), fail);
  try {
    await condition(() => {
      if (control.stopping) end = 'stopped';
      else if (control.consumers !== wanted) end ??= 'consumers';
      return end !== undefined || failure !== undefined;
    });
  } finally {
    if (control.stopping) board.show({ step: 'stopping' });
    scope.cancel();
    await CancellationScope.nonCancellable(() => Promise.allSettled([consuming, landing]));
  }
  if (end === undefined) throw failure?.error;
  return end;
}

/** Looks at the consumers and lands what they have read, until there is a reason to end them. */
async function landPeriodically(
  { project, view, landEvery = DEFAULT_LAND_EVERY }: RunStreamInput,
  plan: StreamPlanned,
  board: StreamBoard,
): Promise<'changed' | 'long'> {
  const millis = (parseDuration(landEvery) ?? 0) / 1000;
  let landed = '';
  for (;;) {
    await sleep(millis);
    try {
      const look = shortActivities<StreamPlanActivities>(`how far ${view} is`);
      const { applied, report } = await look.observeStream({ project, view });
      board.observe(report);
      if (applied !== plan.fingerprint) return 'changed';
      const reached = report.partitions.map(({ partition, next }) => `${partition}:${next}`).join();
      if (reached !== '' && reached !== landed) {
        await landTopic(project, plan.source);
        landed = reached;
        board.count('landed');
      }
      board.show({ landingProblem: null });
    } catch (error) {
      if (CancellationScope.current().consideredCancelled) throw error;
      board.show({ landingProblem: describeFailure(error, view).message });
    }
    const { historyLength, continueAsNewSuggested, runStartTime } = workflowInfo();
    const age = Date.now() - runStartTime.getTime();
    if (historyLength > MOST_EVENTS || continueAsNewSuggested || age > LONGEST_EXECUTION_MILLIS) return 'long';
  }
}
