import type { IngestResult } from '../contracts/runs.ts';

export interface PlanIngestionInput {
  readonly project: string;
  readonly source: string;
  readonly from?: string;
  readonly to?: string;
  readonly runId: string;
}

export interface IngestionPlanned {
  readonly planUri: string;
  readonly groups: number;
  readonly rows: number;
}

export interface IngestionStep {
  readonly project: string;
  readonly planUri: string;
  readonly runId: string;
}

export interface StageGroupsInput extends IngestionStep {
  readonly groups: readonly number[];
}

export interface GroupsStaged {
  readonly manifestUris: readonly string[];
  readonly rows: number;
}

/** Write, audit, publish: the steps of `ingestion/` as activities of the compute queue. */
export interface IngestionActivities {
  planIngestion(input: PlanIngestionInput): Promise<IngestionPlanned>;
  stageGroups(input: StageGroupsInput): Promise<GroupsStaged>;
  auditIngestion(input: IngestionStep): Promise<{ readonly warnings: readonly string[] }>;
  publishIngestion(input: IngestionStep): Promise<IngestResult>;
}
