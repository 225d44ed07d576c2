import type { MaterializeResult } from '../contracts/runs.ts';

export interface MaterializeViewInput {
  readonly project: string;
  readonly definitions: string;
  readonly view: string;
  readonly to: string;
  readonly runId: string;
}

/** On the compute queue: it reads the lake with DuckDB and writes Redis. */
export interface MaterializationActivities {
  materializeView(input: MaterializeViewInput): Promise<MaterializeResult['views'][number]>;
}
