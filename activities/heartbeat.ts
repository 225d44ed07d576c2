import { Context } from '@temporalio/activity';

/** What long work gets from the activity it runs in. */
export interface Pulse<D> {
  /** Aborts when the run is cancelled, the attempt is given up or the worker shuts down. */
  readonly signal: AbortSignal;
  /** What the attempt before reported last; undefined for the first. Up to a heartbeat old, so work must be repeatable. */
  readonly resumed: D | undefined;
  /** Replaces the details that the next heartbeats carry. */
  report(details: D): void;
}

/** Often enough for the shortest heartbeat timeout in use (12 s); the SDK throttles what goes to the server. */
const INTERVAL_MILLIS = 2000;

/**
 * Runs long work with a steady heartbeat beside it. Cancellation reaches an activity only through heartbeats, so they go
 * on while a single statement of the engine runs for minutes. `read` turns an earlier attempt's details into a checked
 * value, or undefined when they are not understood.
 */
export async function withPulse<D, R>(
  read: (details: unknown) => D | undefined,
  work: (pulse: Pulse<D>) => Promise<R>,
): Promise<R> {
  const context = Context.current();
  const resumed = read(context.info.heartbeatDetails);
  let details: D | undefined = resumed;
  const beat = (): void => context.heartbeat(details);
  const timer = setInterval(beat, INTERVAL_MILLIS);
  try {
    beat();
    return await work({
      signal: context.cancellationSignal,
      resumed,
      report(next) {
        details = next;
        beat();
      },
    });
  } finally {
    clearInterval(timer);
  }
}

/** For work whose progress stands in the lake and the catalog alone. */
export async function withSignal<R>(work: (signal: AbortSignal) => Promise<R>): Promise<R> {
  return withPulse<never, R>(
    () => undefined,
    ({ signal }) => work(signal),
  );
}

/** As `withSignal`, with details for people to see; no attempt reads them. */
export async function withReports<D, R>(
  work: (signal: AbortSignal, report: (details: D) => void) => Promise<R>,
): Promise<R> {
  return withPulse<D, R>(
    () => undefined,
    (pulse) => work(pulse.signal, (details) => pulse.report(details)),
  );
}
