import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { knownError } from '../contracts/disk-full.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';

/** A bug is tried again this often, in case it was the machine's; more attempts would only hide it. */
export const INTERNAL_ATTEMPTS = 3;

/** What an activity's error is to Temporal. `cancelRequested` is true only when the workflow asked for the end. */
export interface FailureContext {
  readonly attempt: number;
  readonly aborted: boolean;
  readonly cancelRequested: boolean;
}

/**
 * An `AsofError` becomes an `ApplicationFailure` whose type is its code and whose first detail is `{ code, details }`; any
 * other error is `INTERNAL`. Work interrupted by the workflow is a cancellation; work interrupted by a worker that shuts
 * down is tried again elsewhere.
 */
export function toActivityFailure(error: unknown, context: FailureContext): Error {
  if (error instanceof ApplicationFailure) return error;
  if (context.aborted && isInterruption(error)) {
    if (context.cancelRequested) return new CancelledFailure(messageOf(error));
    return ApplicationFailure.create({ message: 'the worker is shutting down', type: 'INTERRUPTED' });
  }
  if (error instanceof AsofError) {
    // a job of Spark's is long: it gets a second and a third chance, no tenth
    const hasChance = error.code !== 'SPARK_FAILED' || context.attempt < INTERNAL_ATTEMPTS;
    return failureOf(error, error.retryable && hasChance);
  }
  const known = knownError(error);
  return failureOf(known, known.code === 'INTERNAL' && context.attempt < INTERNAL_ATTEMPTS);
}

function failureOf(error: AsofError, retryable: boolean): ApplicationFailure {
  return ApplicationFailure.create({
    message: error.message,
    type: error.code,
    nonRetryable: !retryable,
    details: [jsonOf(error)],
  });
}

/** Plain JSON: integers beyond 2^53 as text, long values cut so that a failure always fits its payload. */
function jsonOf({ code, details }: AsofError): unknown {
  return JSON.parse(
    JSON.stringify({ code, details }, (_, value: unknown) => {
      if (typeof value === 'bigint') return value.toString();
      if (typeof value === 'string') return messageOf(value);
      return Array.isArray(value) ? value.slice(0, 100) : value;
    }),
  );
}

function isInterruption(error: unknown): boolean {
  if (error instanceof CancelledFailure) return true;
  if (error instanceof AsofError) return error.code === 'CANCELLED';
  return error instanceof Error && error.name === 'AbortError';
}
