/** A result that is read from outside a session, as slowly as its reader likes. */
import type { Engine, Session } from './engine.ts';

/**
 * What `work` yields, with a session that stays open until the last item was taken, the reader has left, or something has
 * failed.
 */
export async function* streamFromSession<T>(
  engine: Engine,
  work: (session: Session) => AsyncIterable<T>,
  signal?: AbortSignal,
): AsyncGenerator<T> {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let open: (session: Session) => void;
  let fail: (error: unknown) => void;
  const opened = new Promise<Session>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  const running = engine.session(async (session) => {
    open(session);
    await ended;
  }, signal);
  running.catch((error: unknown) => fail(error));
  try {
    yield* work(await opened);
  } finally {
    end();
    await running;
  }
}
