/** What is kept of the freshness of views: when each became fresh or stale, and when somebody last looked. */
import type { Micros } from './time.ts';

/** `never` is before the first materialization of a version: later than any target. */
export type FreshnessState = 'fresh' | 'stale' | 'never';

/** One view at one look. */
export interface ObservedFreshness {
  readonly view: string;
  readonly state: FreshnessState;
  /** Since when at the latest: exact for `stale`, the time of the look for the others. */
  readonly since: Micros;
  readonly targetMicros: number;
}

export interface FreshnessChange extends ObservedFreshness {
  /** Null for the first look at a view. */
  readonly before: FreshnessState | null;
  /** When the look took place that found it. */
  readonly noticedAt: Micros;
}

export interface FreshnessLog {
  /**
   * Keeps what changed since the look before, and returns it. A look that is not later than the last one changes nothing, so a
   * repeated or overtaken one is harmless.
   */
  record(project: string, at: Micros, views: readonly ObservedFreshness[]): Promise<readonly FreshnessChange[]>;
  /** The newest first. */
  changes(project: string, limit: number): Promise<readonly FreshnessChange[]>;
  /** The newest of each view, by name. */
  states(project: string): Promise<readonly FreshnessChange[]>;
  lastLook(project: string): Promise<Micros | undefined>;
}
