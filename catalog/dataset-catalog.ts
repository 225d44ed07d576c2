/** Training datasets in the catalog: the manifest of each version, and its splits. */
import type { ColumnStatistics, DatasetSplit, SpineSource } from '../contracts/datasets.ts';
import type { FileReference } from '../contracts/lake.ts';
import type { Micros } from '../contracts/time.ts';
import type { LineageEvent } from './catalog.ts';

export interface DatasetManifest {
  readonly project: string;
  readonly name: string;
  readonly version: number;
  readonly createdAt: Micros;
  readonly runId: string;
  /** Fingerprint of the project's manifest, and of each view and service used. */
  readonly definitions: string;
  readonly bundleHash: string;
  readonly views: Readonly<Record<string, string>>;
  /** Source name to pinned snapshot. */
  readonly snapshots: Readonly<Record<string, number>>;
  /** The request in words: features or service, as known, names. */
  readonly request: DatasetRequest;
  /** The copy of the spine, prepared. */
  readonly spine: FileReference;
  /** Where the spine came from. */
  readonly spineSource: DatasetSpineSource | null;
  /** What the build was decided to be, JSON in the lake: a rebuild needs nothing else. */
  readonly plan: FileReference | null;
  readonly seed: number;
  /** `view:feature` to the version of the fit of its transform. */
  readonly fits: Readonly<Record<string, number>>;
  /** `name@version` of which this is a rebuild. */
  readonly rebuiltFrom: string | null;
  readonly shards: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: number;
  /** Values made from rows created after q, per feature; `unknown` for sources without `created`. */
  readonly leakage: Readonly<Record<string, number | 'unknown'>>;
  /** By column, in their order; empty for versions that were built without. */
  readonly statistics: readonly ColumnStatistics[];
  readonly files: readonly FileReference[];
}

/** What versions of an older Asof do not have. */
type LaterField = 'spineSource' | 'plan' | 'seed' | 'fits' | 'rebuiltFrom' | 'statistics';

export type NewDataset = Omit<DatasetManifest, 'version' | 'createdAt' | LaterField> &
  Partial<Pick<DatasetManifest, LaterField>>;

export interface DatasetSpineSource {
  readonly spine: SpineSource;
  /** Of the sources that a query or the search for keys read. */
  readonly snapshots: Readonly<Record<string, number>>;
}

/** A partition that is kept: the number of each row's part, in the rows' order, stands in `file`. */
export interface KeptSplit extends DatasetSplit {
  readonly file: FileReference;
  readonly createdAt: Micros;
}

export interface DatasetKey {
  readonly project: string;
  readonly name: string;
  readonly version: number;
}

export interface DatasetRequest {
  readonly features: readonly string[] | null;
  readonly service: string | null;
  readonly asKnown: boolean;
  readonly shortNames: boolean;
}

export interface DatasetCatalog {
  /** Stores the manifest under the next version of its name. The same key returns the version it got before. */
  publish(input: {
    readonly idempotencyKey: string;
    readonly manifest: NewDataset;
    readonly lineage: readonly LineageEvent[];
  }): Promise<DatasetManifest>;
  /** The newest version unless one is named. */
  get(project: string, name: string, version?: number): Promise<DatasetManifest | undefined>;
  list(project: string): Promise<readonly DatasetManifest[]>;
  /** The partitions of one version, in the order in which they were made. */
  splits(dataset: DatasetKey): Promise<readonly KeptSplit[]>;
  /**
   * Keeps a partition for ever. The same rule with the same names gives the one that is there; a name that another
   * partition of the version has is a `CONFLICT`.
   */
  addSplit(dataset: DatasetKey, split: Omit<KeptSplit, 'createdAt'>): Promise<KeptSplit>;
}
