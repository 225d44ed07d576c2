/** Fits: the parameters that `asof fit` finds for the transforms of a view. Immutable and numbered. */
import type { Micros } from './time.ts';

/** Feature to the parameters of its transform, as a definition would give them. */
export type FittedParameters = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a fit was made from. */
export interface FitBasis {
  /** Event times of its rows, half open; a null `from` has no lower bound. */
  readonly from: Micros | null;
  readonly until: Micros;
  /** Of the view's source. */
  readonly snapshot: number;
  readonly rows: number;
}

export interface FitVersion extends FitBasis {
  readonly view: string;
  /** Of the version of the view: a changed view is fitted anew. */
  readonly fingerprint: string;
  /** 1, 2, 3 … within the view's name. */
  readonly version: number;
  readonly features: FittedParameters;
  readonly createdAt: Micros;
}

/** A service goes on with the fit that it was given, whatever is fitted later. */
export interface ServiceFit {
  readonly service: string;
  readonly view: string;
  readonly fingerprint: string;
  readonly version: number;
}

/** What requests of a project are answered with. */
export interface ProjectFits {
  /** The newest of each version of a view, and those that services hold. */
  readonly versions: readonly FitVersion[];
  readonly services: readonly ServiceFit[];
}

export interface FitUse {
  /** Number of the fit within its view. */
  readonly version: number;
  /** ISO 8601: the end of the rows that it was fitted to. */
  readonly until: string;
  /** Rows of the spine before `until`: their values are made with what was learned from later rows. */
  readonly rowsBefore: number;
}

/** View to its fit; without the views that have none. */
export type FitUses = Readonly<Record<string, FitUse>>;
