/** How long one read may take, whatever it waits for: a queue, Redis, the lake. */

export interface ReadDeadline {
  /** What is left, never below 0. */
  remainingMillis(): number;
  /** Aborted when it has passed. Made when first asked for: most reads need none. */
  readonly signal: AbortSignal;
}

/** A deadline that begins now. */
export function startDeadline(millis: number): ReadDeadline {
  return new StartedDeadline(performance.now() + millis);
}

/** A class, since a getter of an object literal would keep each of them in memory until a whole collection of garbage. */
class StartedDeadline implements ReadDeadline {
  readonly #end: number;
  #signal: AbortSignal | undefined;

  constructor(end: number) {
    this.#end = end;
  }

  remainingMillis(): number {
    return Math.max(0, this.#end - performance.now());
  }

  get signal(): AbortSignal {
    return (this.#signal ??= AbortSignal.timeout(Math.ceil(this.remainingMillis())));
  }
}

/** What `work` gives, or undefined once the deadline has passed; the work is left to itself then. */
export async function beforeDeadline<T>(work: Promise<T>, { signal }: ReadDeadline): Promise<T | undefined> {
  let passed: (() => void) | undefined;
  const late = new Promise<undefined>((resolve) => {
    passed = () => resolve(undefined);
    if (signal.aborted) passed();
    else signal.addEventListener('abort', passed, { once: true });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    if (passed) signal.removeEventListener('abort', passed);
  }
}
