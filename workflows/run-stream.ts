import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  sleep,
} from '@temporalio/workflow';
import type { StreamPlanActivities, StreamPlanned } from '../activities/stream-plan-activities.ts';
import { ERRORS } from '../contracts/errors.ts';
import type { RunStreamInput, RunStreamResult } from '../contracts/streams.ts';
import { shortActivities } from './activity-options.ts';
import { recordRun, type RunOutcome } from './recorded-run.ts';
import { describeFailure } from './run-failure.ts';
import { requireInput } from './run-input.ts';
import { openStreamBoard, type StreamBoard, type StreamBoardState } from './stream-board.ts';
import { consumeUntil } from './stream-consumers.ts';
import { openStreamControl, type StreamControl } from './stream-control.ts';
import { landTopic, materializeNow } from './topic-landing.ts';

const DEFAULT_CONSUMERS = 1;
const LONGEST_WAIT_SECONDS = 60;

/** What one execution hands to the next. */
interface StreamState {
  readonly plan: StreamPlanned;
  readonly consumers: number;
  readonly board: StreamBoardState;
}

/**
 * Keeps the online values of a view abreast of its topic: lands what the topic has, materializes the view, and from there lets
 * consumers bring each new message, until it is told to stop. The topic is landed again and again beside them. Values that Redis
 * loses are made anew, and a view that is changed is begun again as its new version. `carried` is the state of the
 * execution before, and not for callers.
 */
export async function runStream(input: RunStreamInput, carried?: StreamState): Promise<RunStreamResult> {
  const request = requireInput('runStream', input);
  const { project, view } = request;
  const control = openStreamControl(carried?.consumers ?? request.consumers ?? DEFAULT_CONSUMERS);
  const board = openStreamBoard(view, () => control.consumers, carried?.board);
  const work = async (): Promise<RunOutcome<RunStreamResult>> => {
    let prepared = carried?.plan;
    let plan = prepared;
    for (;;) {
      prepared ??= await untilStopped(control, () => prepareValues(request, board));
      if (prepared === undefined) return describeOutcome(request, plan, board);
      plan = prepared;
      board.show({ step: 'consume', fingerprint: plan.fingerprint, problem: null });
      const end = await consumeUntil(request, plan, { control, board });
      switch (end) {
        case 'stopped':
          return describeOutcome(request, plan, board);
        case 'consumers':
          break;
        case 'content-lost':
          board.count('rebuilt');
          prepared = undefined;
          break;
        case 'changed':
          prepared = undefined;
          break;
        case 'long':
          await condition(allHandlersFinished);
          await continueAsNew<typeof runStream>(request, {
            ...{ plan, consumers: control.consumers, board: board.state() },
          });
      }
    }
  };
  const subject = { project, workflow: 'runStream', target: view, view } as const;
  return recordRun(subject, work, { resumed: carried !== undefined });
}

/** Brings the values up to what the topic has now. What passes is waited out: nobody is there to begin it again. */
async function prepareValues({ project, view }: RunStreamInput, board: StreamBoard): Promise<StreamPlanned> {
  for (let seconds = 1; ; seconds = Math.min(seconds * 2, LONGEST_WAIT_SECONDS)) {
    try {
      board.show({ step: 'plan' });
      const plan = await shortActivities<StreamPlanActivities>(`look up ${view}`).planStream({ project, view });
      board.show({ step: 'land', fingerprint: plan.fingerprint });
      await landTopic(project, plan.source);
      board.show({ step: 'materialize' });
      await materializeNow(project, view);
      return plan;
    } catch (error) {
      const { cancelled, code, message } = describeFailure(error, view);
      // somebody may have cancelled the child alone
      const passes = cancelled || ERRORS[code].retryable || code === 'CONFLICT' || code === 'RUN_FAILED';
      if (CancellationScope.current().consideredCancelled || !passes) throw error;
      board.show({ problem: message });
      await sleep(seconds * 1000);
    }
  }
}

/** Undefined when it was told to stop before the work had ended. */
async function untilStopped<T>(control: Readonly<StreamControl>, work: () => Promise<T>): Promise<T | undefined> {
  const scope = new CancellationScope();
  let isOver = false;
  const working = scope.run(work).finally(() => (isOver = true));
  working.catch(() => undefined);
  await condition(() => isOver || control.stopping);
  if (!isOver) scope.cancel();
  try {
    return await working;
  } catch (error) {
    if (control.stopping && isCancellation(error)) return undefined;
    throw error;
  }
}

function describeOutcome(
  { view }: RunStreamInput,
  plan: StreamPlanned | undefined,
  board: StreamBoard,
): RunOutcome<RunStreamResult> {
  board.show({ step: 'done' });
  const { applied, late, rejected, lost, newestEvent, rebuilt, landed } = board.status();
  const fingerprint = plan?.fingerprint ?? null;
  return {
    result: { view, fingerprint, applied, late, rejected, lost, newestEvent, rebuilt, landed },
    inputs: plan === undefined ? [] : [`source:${plan.source}`],
    outputs: [`online:view:${view}`],
  };
}
