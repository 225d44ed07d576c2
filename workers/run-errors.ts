import {
  ApplicationFailure,
  CancelledFailure,
  isGrpcDeadlineError,
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
  TerminatedFailure,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { AsofError, isErrorCode, messageOf, type ErrorDetails } from '../contracts/errors.ts';

/** Turns what a Temporal client throws about a run back into the error of the work, by the failure's type. */
export function toRunError(error: unknown, run: string): unknown {
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) {
    return causeOfFailure(error.cause, run);
  }
  if (error instanceof WorkflowNotFoundError) {
    return new AsofError('UNKNOWN_NAME', {
      where: 'run',
      kind: 'run',
      name: run,
      known: 'those that Temporal retains',
    });
  }
  const refusal = refusalIn(error);
  if (refusal !== undefined) return new AsofError('RUN_FAILED', { run, problem: refusal }, error);
  const problem = outageIn(error);
  return problem === undefined
    ? error
    : new AsofError('TEMPORAL_UNAVAILABLE', { address: 'the configured address', problem }, error);
}

/** INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE and UNIMPLEMENTED of gRPC: asking again does not help. */
const REFUSALS: readonly number[] = [3, 9, 11, 12];

export interface GrpcError extends Error {
  /** The number of gRPC's status. */
  readonly code: number;
  readonly details: string;
}

/** What gRPC says, which the client wraps most of the time; undefined for any other error. */
export function grpcErrorIn(error: unknown): GrpcError | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause : undefined;
}

function refusalIn(error: unknown): string | undefined {
  const cause = grpcErrorIn(error);
  return cause !== undefined && REFUSALS.includes(cause.code) ? cause.details : undefined;
}

/** What keeps the server from answering; undefined for any other error. */
function outageIn(error: unknown): string | undefined {
  if (error instanceof NamespaceNotFoundError) return error.message;
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'no orchestration worker answered in time';
  // the error itself, or what it wraps
  if (isGrpcDeadlineError(error)) return 'no answer within the time limit';
  return grpcErrorIn(error)?.details;
}

function causeOfFailure(cause: unknown, run: string): AsofError {
  if (cause instanceof CancelledFailure) return new AsofError('RUN_CANCELLED', { run }, cause);
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type)) {
    const [first] = cause.details ?? [];
    const details = (first as { details?: ErrorDetails } | null | undefined)?.details;
    if (details) return new AsofError(cause.type, details, cause);
  }
  const words = messageOf(cause);
  return new AsofError(
    'RUN_FAILED',
    { run, problem: cause instanceof TerminatedFailure ? `it was terminated: ${words}` : words },
    cause,
  );
}
