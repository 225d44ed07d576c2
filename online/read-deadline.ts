/** How long one read may take, whatever it waits for: a queue, Redis, the lake. */

export interface ReadDeadline {
  /** What is left, never below 0. */
  remainingMillis(): number;
  /** Aborted when it has passed. Made when first asked for: most reads need none. */
  readonly signal: AbortSignal;
}

/** A deadline that begins now. */
export function startDeadline(millis: number): ReadDeadline {
  const end = performance.now() + millis;
  const remainingMillis = (): number => Math.max(0, end - performance.now());
  let signal: AbortSignal | undefined;
  return {
    remainingMillis,
    get signal() {
      return (signal ??= AbortSignal.timeout(Math.ceil(remainingMillis())));
    },
  };
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
