import {
  ApplicationFailure,
  CancelledFailure,
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { AsofError, isErrorCode, messageOf, type ErrorDetails } from '../contracts/errors.ts';

/** Turns what a Temporal client throws about a run back into the error of the work, by the failure's type. */
export function toRunError(error: unknown, run: string): unknown {
  if (error instanceof WorkflowFailedError) return causeOfFailure(error.cause, run);
  if (error instanceof WorkflowNotFoundError) {
    return new AsofError('UNKNOWN_NAME', { where: 'run', kind: 'run', name: run, known: 'those of `asof runs`' });
  }
  if (isGrpcServiceError(error)) {
    return new AsofError('TEMPORAL_UNAVAILABLE', { address: 'the configured address', problem: error.details }, error);
  }
  return error;
}

function causeOfFailure(cause: unknown, run: string): AsofError {
  if (cause instanceof CancelledFailure) return new AsofError('RUN_CANCELLED', { run }, cause);
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type)) {
    const [first] = cause.details ?? [];
    const details = (first as { details?: ErrorDetails } | null | undefined)?.details;
    if (details) return new AsofError(cause.type, details, cause);
  }
  return new AsofError('RUN_FAILED', { run, problem: messageOf(cause) }, cause);
}
