/** A resolved feature request: what to read, what to compute, what to return. `resolveFeatures` makes it. */
import type {
  ColumnManifest,
  DerivedFeatureManifest,
  DerivedViewManifest,
  FeatureManifest,
  FeatureViewManifest,
  StoredSourceManifest,
} from './manifest.ts';
import type { ScalarType } from './values.ts';
import type { Timestamp } from './timestamp.ts';

export interface FeaturePlan {
  /** One entry for each (view, prefix, key binding), with every feature that the output or a derived view needs. */
  readonly views: readonly PlannedView[];
  /** In dependency order. */
  readonly derived: readonly PlannedDerived[];
  /** Columns that the spine or the request must bring beside the keys. */
  readonly requestColumns: readonly ColumnManifest[];
  /** Columns of the spine that hold keys, without repeats, in order of first use. */
  readonly keyColumns: readonly PlannedKeyColumn[];
  /** The output, in the order asked for. */
  readonly columns: readonly PlannedColumn[];
}

export interface PlannedKeyColumn {
  /** The spine's column. */
  readonly column: string;
  readonly type: ScalarType;
  readonly entity: string;
  readonly key: string;
}

export interface PlannedView {
  readonly kind: 'feature';
  /** The prefix of its output columns: the alias or the view's name. Unique within the plan. */
  readonly as: string;
  readonly view: FeatureViewManifest;
  /** As the view sees it: with the columns of the rows that it makes. */
  readonly source: StoredSourceManifest;
  /** The source itself, for a view that makes rows. */
  readonly base?: StoredSourceManifest;
  /** By position the keys of `view.keys`. */
  readonly spineColumns: readonly string[];
  readonly features: readonly FeatureManifest[];
  /** The fit whose parameters the features have; absent for a view without fitted transforms. */
  readonly fit?: PlannedFit;
}

/** Plain JSON: instants are microseconds as text. */
export interface PlannedFit {
  readonly version: number;
  readonly from: string | null;
  readonly until: string;
}

export interface PlannedDerived {
  readonly kind: 'derived';
  readonly as: string;
  readonly view: DerivedViewManifest;
  /** Input name to where its values stand: request columns, or the features of a planned view or derived view. */
  readonly inputs: readonly PlannedInput[];
  readonly features: readonly DerivedFeatureManifest[];
}

export type PlannedInput =
  | { readonly kind: 'request'; readonly name: string; readonly columns: readonly string[] }
  | { readonly kind: 'view'; readonly name: string; readonly as: string; readonly features: readonly string[] };

export interface PlannedColumn {
  /** `view__feature`. */
  readonly name: string;
  readonly as: string;
  readonly feature: FeatureManifest | DerivedFeatureManifest;
}

export interface FeatureRequest {
  /** `view:feature`, `view` for all its features, or an alias in place of the view. */
  readonly features?: readonly string[];
  readonly service?: string;
}

/** The executable side of a project's definitions: `compute` of each derived view and `map` of each view, by name. */
export interface DefinitionRuntime {
  compute(view: string, inputs: ComputeInputs, context: { readonly at: Timestamp }): Readonly<Record<string, unknown>>;
  /** What a view's `map` makes of one row: any number of rows. */
  map(view: string, row: Readonly<Record<string, unknown>>): readonly Readonly<Record<string, unknown>>[];
}

/** Input name to its values by name; a missing, null or expired value is null. */
export type ComputeInputs = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
