/** How fast a run gets on, over all of its executions: the time in which it was held does not count. */

/** What one execution hands to the next. */
export interface PaceState {
  readonly millis: number;
  readonly units: number;
}

export interface RunPace {
  /** The clock runs, or stands while the run is held. */
  setWorking(working: boolean): void;
  /** Units of work that ended. */
  count(units: number): void;
  /** For so much work at the rate up to now; null before anything has ended. */
  remainingSeconds(left: number): number | null;
  state(): PaceState;
}

/** @param now milliseconds; in a workflow `Date.now`, which a replay repeats */
export function openPace(carried: PaceState = { millis: 0, units: 0 }, now: () => number = Date.now): RunPace {
  let { millis, units } = carried;
  let since: number | null = null;
  const settle = (): void => {
    if (since === null) return;
    const at = now();
    millis += at - since;
    since = at;
  };
  return {
    setWorking(working) {
      settle();
      since = working ? now() : null;
    },
    count(more) {
      settle();
      units += more;
    },
    remainingSeconds: (left) => (units === 0 ? null : Math.round((millis / units / 1000) * left)),
    state() {
      settle();
      return { millis, units };
    },
  };
}
