/**
 * How long the local copies of objects stay readable. A lake that keeps them in a bounded cache must not take away what a
 * session is about to read; the session cannot say so itself, since its files are chosen deep below it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** Work during which every local path that it was given stays readable. */
export class LeaseScope {
  /** False for the life of the process, whose end nobody hears. */
  readonly ends: boolean;
  readonly #releases: (() => Promise<void>)[] = [];
  #ended = false;

  constructor({ ends }: { readonly ends: boolean }) {
    this.ends = ends;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** `release` runs once, when the scope ends. */
  onEnd(release: () => Promise<void>): void {
    this.#releases.push(release);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#releases.splice(0).map((release) => release()));
  }
}

const scopes = new AsyncLocalStorage<LeaseScope>();
/** What is fetched outside of any scope stays until the process ends: right, if not thrifty. */
const processScope = new LeaseScope({ ends: false });

/**
 * Runs work that reads files of lakes. Paths from `localPath` stay readable until it ends, whatever else fetches meanwhile;
 * afterwards the cache may drop them. Scopes nest: what an inner one fetched goes with the inner one.
 */
export async function withLeases<T>(work: () => Promise<T>): Promise<T> {
  const scope = new LeaseScope({ ends: true });
  try {
    return await scopes.run(scope, work);
  } finally {
    await scope.end();
  }
}

/** Has what the running work did not finish removed when it ends. */
export function onEndOfWork(release: () => Promise<void>): void {
  const scope = currentScope();
  if (scope.ends) scope.onEnd(release);
}

/** The scope of the running work. */
export function currentScope(): LeaseScope {
  const scope = scopes.getStore();
  return scope === undefined || scope.ended ? processScope : scope;
}
