/** Watching runs on behalf of many listeners: one question at a time for each run, however many want to know. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObservedRun } from './run-document.ts';

export type RunListener = (observed: ObservedRun) => void;

export interface RunFollowers {
  /** Tells how the run stands, at once and again and again until it has ended. Returns a function that stops it. */
  follow(id: string, listener: RunListener): () => void;
  /** Runs that are being watched. */
  readonly watched: number;
}

interface Watch {
  readonly listeners: Set<RunListener>;
  readonly stopped: AbortController;
  latest?: ObservedRun;
}

/** What `observe` throws is passed over: the next look may succeed, and the listener knows when it has waited enough. */
export function createRunFollowers(
  observe: (id: string) => Promise<ObservedRun>,
  intervalMillis: number,
): RunFollowers {
  const watches = new Map<string, Watch>();

  const look = async (id: string, watch: Watch): Promise<void> => {
    while (!watch.stopped.signal.aborted) {
      const observed = await observe(id).catch(() => undefined);
      if (watch.stopped.signal.aborted) return;
      if (observed !== undefined) {
        watch.latest = observed;
        const ended = observed.run.state !== 'running';
        // whoever comes from now on finds the end in the catalog
        if (ended) watches.delete(id);
        for (const listener of [...watch.listeners]) listener(observed);
        if (ended) return;
      }
      await sleep(intervalMillis, undefined, { signal: watch.stopped.signal }).catch(() => undefined);
    }
  };

  const open = (id: string): Watch => {
    const watch: Watch = { listeners: new Set(), stopped: new AbortController() };
    watches.set(id, watch);
    void look(id, watch);
    return watch;
  };

  return {
    follow(id, listener) {
      const watch = watches.get(id) ?? open(id);
      watch.listeners.add(listener);
      if (watch.latest !== undefined) listener(watch.latest);
      return () => {
        watch.listeners.delete(listener);
        if (watch.listeners.size > 0) return;
        watch.stopped.abort();
        if (watches.get(id) === watch) watches.delete(id);
      };
    },
    get watched() {
      return watches.size;
    },
  };
}
