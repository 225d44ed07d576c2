import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import { AsofError, isErrorCode, messageOf, type ErrorCode } from '../contracts/errors.ts';

/** Why a run ended without a result, as its record and its caller see it. */
export interface RunFailure {
  readonly cancelled: boolean;
  readonly code: ErrorCode;
  readonly message: string;
  /** The first element of a failure's details: `{ code, details }`. */
  readonly details: unknown;
}

/** Reads whatever a workflow's work threw. */
export function describeFailure(error: unknown, run: string): RunFailure {
  if (isCancellation(error)) return { ...failureOf(new AsofError('RUN_CANCELLED', { run })), cancelled: true };
  const isWrapped = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  const cause = isWrapped ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const code = isErrorCode(cause.type) ? cause.type : 'INTERNAL';
    return { cancelled: false, code, message: messageOf(cause), details: cause.details?.[0] ?? null };
  }
  if (cause instanceof TimeoutFailure && error instanceof ActivityFailure) {
    const problem =
      cause.timeoutType === 'SCHEDULE_TO_START'
        ? `no worker took ${error.activityType} within a day; see that workers run (\`asof worker\`), then start it again`
        : `${error.activityType} did not answer in time (${cause.timeoutType}) and was given up`;
    return failureOf(new AsofError('RUN_FAILED', { run, problem }));
  }
  return failureOf(cause instanceof AsofError ? cause : new AsofError('INTERNAL', { problem: messageOf(cause) }));
}

/**
 * The failure that ends an execution: the cause alone, without the activity around it, so that every client reads the
 * code and the sentence at the top. Anything but a Temporal failure thrown by a workflow would be retried for ever.
 */
export function toWorkflowFailure(failure: RunFailure): ApplicationFailure {
  return ApplicationFailure.create({
    message: failure.message,
    type: failure.code,
    nonRetryable: true,
    details: [failure.details],
  });
}

function failureOf(error: AsofError): RunFailure {
  const details = { code: error.code, details: error.details };
  return { cancelled: false, code: error.code, message: error.message, details };
}
