import type { MaterializeInput, MaterializeResult } from '../contracts/runs.ts';

export interface MaterializationPlanned {
  /** Fingerprint of the definitions that the whole run uses. */
  readonly definitions: string;
  readonly to: string;
  readonly views: readonly string[];
}

export interface MaterializeViewInput {
  readonly project: string;
  readonly definitions: string;
  readonly view: string;
  readonly to: string;
  readonly runId: string;
}

/** Short: on the serving queue. */
export interface MaterializationPlanActivities {
  planMaterialization(input: MaterializeInput): Promise<MaterializationPlanned>;
}

/** On the compute queue: it reads the lake with DuckDB and writes Redis. */
export interface MaterializationActivities {
  materializeView(input: MaterializeViewInput): Promise<MaterializeResult['views'][number]>;
}
