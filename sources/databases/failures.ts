/** What goes wrong with a database, without its address: the driver's own errors are not passed on. */
import { AsofError, messageOf } from '../../contracts/errors.ts';
import type { DatabaseAddress } from './address.ts';
import type { ReadObject } from './connection.ts';

/** Runs `work` and says what its failure means: `passes` tells whether the same call may succeed later. */
export function failuresOf(
  address: DatabaseAddress,
  { where, path }: ReadObject,
  signal: AbortSignal | undefined,
  passes: (error: unknown) => boolean,
): (error: unknown) => AsofError {
  return (thrown) => {
    if (thrown instanceof AsofError) return thrown;
    if (signal?.aborted === true) return new AsofError('CANCELLED', { where });
    // Node joins the errors of several addresses into one without a message of its own
    const error: unknown = thrown instanceof AggregateError ? ((thrown.errors as unknown[])[0] ?? thrown) : thrown;
    const problem = address.hide(messageOf(error));
    return passes(error)
      ? new AsofError('DATABASE_UNAVAILABLE', { where, problem })
      : new AsofError('INPUT_UNREADABLE', { where, path, problem });
  };
}

/** A broken or refused connection, as Node tells it. */
export function isNetworkError(error: unknown): boolean {
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  return typeof syscall === 'string' || (typeof code === 'string' && /^(E[A-Z]+|ERR_SOCKET\w*)$/.test(code));
}
