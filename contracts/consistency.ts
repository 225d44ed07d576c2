/**
 * Whether served values are those that the lake gives: a log of some of what was served, and what checks of it found. Instants
 * and offsets are text here: both are kept as JSON.
 */
import type { FeatureRequest } from './plan.ts';
import type { Micros } from './time.ts';
import type { FeatureStatus, JsonValue, ServedFrom } from './values.ts';

/** Rows of a view's source, as a served value may have been made of them. */
export type ServedRows =
  | {
      readonly kind: 'snapshot';
      readonly snapshot: number;
      /** Those that were due by then; null for all. */
      readonly dueTo: string | null;
    }
  /** Of a topic: partition and the offset of the first message that is not among them. One that is not named has none. */
  | { readonly kind: 'offsets'; readonly next: readonly (readonly [partition: number, offset: string])[] };

/** What a view's values can have been made of, by what is known from right before the read and from right after it. */
export interface ServedBounds {
  /** At least these; null when nothing is known. */
  readonly low: ServedRows | null;
  /** No more than these, of a value that came from Redis. */
  readonly high: ServedRows;
  /** No more than these, of a value that came from the lake. */
  readonly lake: ServedRows;
}

/** A value without loss: int64 as decimal text, timestamps as ISO 8601, NaN and infinities as text. */
export interface SampledValue {
  readonly value: JsonValue;
  readonly status: FeatureStatus;
  readonly event: string | null;
  readonly servedFrom: ServedFrom;
}

/** The vector of one entity as it was served, with what is needed to compute it again. */
export interface ServedSample {
  readonly request: FeatureRequest;
  /** Number of the `apply` whose definitions answered. */
  readonly definitions: number;
  /** View to the fit that its transforms had. */
  readonly fits: Readonly<Record<string, number>>;
  /** The instant that was asked for. */
  readonly at: string;
  /** Key columns and request columns to what was given. */
  readonly entities: Readonly<Record<string, JsonValue>>;
  readonly inputs: Readonly<Record<string, JsonValue>>;
  /** By the columns of the plan. */
  readonly values: readonly SampledValue[];
  /** By the name of the view. */
  readonly bounds: Readonly<Record<string, ServedBounds>>;
}

export interface LoggedSample {
  readonly id: bigint;
  readonly servedAt: Micros;
  readonly sample: ServedSample;
}

/**
 * `equal` to what the lake gives now; `late`: to what the rows gave that had arrived; `different` from all that can be; `unsettled` when
 * rows came or may have come while it was read, and none of the ends explains it. Not compared: `unavailable` and `denied`.
 */
export const VERDICTS = ['equal', 'late', 'different', 'unsettled', 'unavailable', 'denied'] as const;
export type Verdict = (typeof VERDICTS)[number];

export type VerdictCounts = Readonly<Record<Verdict, number>>;

export interface FeatureConsistency extends VerdictCounts {
  readonly view: string;
  readonly feature: string;
}

/** A value that differs. Whose it is stands in the log alone, for as long as that keeps the sample. */
export interface ConsistencyExample {
  readonly sample: string;
  readonly view: string;
  readonly feature: string;
  readonly at: string;
  readonly servedFrom: ServedFrom;
  /** A value, or its status where there is none. */
  readonly served: JsonValue;
  readonly lake: JsonValue;
}

export interface ConsistencyReport {
  readonly checkedAt: string;
  /** Vectors that were served from here to there. */
  readonly since: string;
  readonly until: string;
  /** Vectors that were computed again. */
  readonly vectors: number;
  /** Left for a later check: of a stream, and not all of its rows had landed in the lake. */
  readonly waiting: number;
  /** The definitions or the fit that answered are gone. */
  readonly unreadable: number;
  /** By view and feature. */
  readonly features: readonly FeatureConsistency[];
  readonly examples: readonly ConsistencyExample[];
}

export interface ConsistencyLog {
  /** Adds what was served. The log keeps the newest 10,000 of a project, and none for longer than seven days. */
  addSamples(project: string, samples: readonly Omit<LoggedSample, 'id'>[]): Promise<void>;
  /** The newest that were served in `[since, until)`, the newest first. */
  samples(
    project: string,
    range: { readonly since: Micros; readonly until: Micros; readonly limit: number },
  ): Promise<readonly LoggedSample[]>;
  /** Those of the ids that the log still has. */
  samplesById(project: string, ids: readonly bigint[]): Promise<readonly LoggedSample[]>;
  /** Keeps the report of a run, the last one where it reports again, and the newest hundred of a project. */
  addReport(project: string, runId: string, report: ConsistencyReport): Promise<void>;
  newestReport(project: string): Promise<ConsistencyReport | undefined>;
}

/** The share of the values that can be told apart; null when there was none. Late, unsettled and other values count for nothing. */
export function equalShare({ equal, different }: Pick<VerdictCounts, 'equal' | 'different'>): number | null {
  return equal + different === 0 ? null : equal / (equal + different);
}
