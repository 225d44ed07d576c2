/** A result that is read from outside a session, as slowly as its reader likes. */
import type { Engine, Session } from '../engine/engine.ts';
import { withLeases } from '../lake/leases.ts';

/**
 * What `read` yields, in a session that stays open until the last item was taken, the reader has left, or something has
 * failed. `prepare` runs first; local copies that it asks the lake for stay at hand as long.
 */
export async function* streamFromSession<P, T>(
  engine: Engine,
  prepare: (session: Session) => Promise<P>,
  read: (session: Session, prepared: P) => AsyncIterable<T>,
  signal?: AbortSignal,
): AsyncGenerator<T> {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let open: (opened: { readonly session: Session; readonly prepared: P }) => void;
  let fail: (error: unknown) => void;
  const opened = new Promise<{ readonly session: Session; readonly prepared: P }>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  const running = withLeases(() =>
    engine.session(async (session) => {
      open({ session, prepared: await prepare(session) });
      await ended;
    }, signal),
  );
  running.catch((error: unknown) => fail(error));
  try {
    const { session, prepared } = await opened;
    yield* read(session, prepared);
  } finally {
    end();
    await running;
  }
}
