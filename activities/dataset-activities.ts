import type { BuildTrainingDatasetInput, BuildTrainingDatasetResult } from '../contracts/runs.ts';

export interface DatasetPlanned {
  readonly planUri: string;
  /** Units of stage one: entity groups times shards. */
  readonly units: number;
  /** Ranges of stage two. */
  readonly ranges: number;
  readonly rows: number;
  /** Names of the views read, for lineage. */
  readonly views: readonly string[];
}

export interface DatasetStep {
  readonly project: string;
  readonly planUri: string;
  readonly runId: string;
}

export interface DatasetActivities {
  planDataset(input: BuildTrainingDatasetInput & { readonly runId: string }): Promise<DatasetPlanned>;
  computeUnits(input: DatasetStep & { readonly units: readonly number[] }): Promise<void>;
  assembleRanges(input: DatasetStep & { readonly ranges: readonly number[] }): Promise<{ readonly rows: number }>;
  publishDataset(input: DatasetStep): Promise<BuildTrainingDatasetResult>;
}
