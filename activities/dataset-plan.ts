import { AsofError } from '../contracts/errors.ts';
import type { BuildTrainingDatasetInput } from '../contracts/runs.ts';
import type { Lake } from '../lake/lake.ts';
import { DATASETS } from '../lake/paths.ts';
import type { RetrievalPlan } from '../offline/staged-retrieval.ts';

/** What one build has decided to do; every later step reads it. Plain JSON. */
export interface DatasetPlan {
  readonly request: BuildTrainingDatasetInput;
  /** Fingerprint of the definitions that the whole build uses. */
  readonly definitions: string;
  readonly retrieval: RetrievalPlan;
  /** `name@version` of which this build is a repetition. */
  readonly rebuiltFrom?: string;
}

/** `uri` is a path in the project's lake. */
interface KeptPlan {
  readonly uri: string;
  readonly plan: DatasetPlan;
}

/** Of one build. The version is given at the end, so it is not in the path. */
export function datasetDirectory(name: string, runId: string): string {
  return `${DATASETS}/${name}/${runId}`;
}

/** The plan that an earlier attempt kept; undefined when none did. */
export async function findDatasetPlan(lake: Lake, directory: string): Promise<KeptPlan | undefined> {
  const uri = planPath(directory);
  return (await lake.stat(uri)) ? { uri, plan: await readDatasetPlan(lake, uri) } : undefined;
}

/** Of two attempts at the same plan the first to write wins, and both go on with its plan. */
export async function keepDatasetPlan(lake: Lake, plan: DatasetPlan): Promise<KeptPlan> {
  const uri = planPath(plan.retrieval.directory);
  try {
    await lake.write(uri, Buffer.from(JSON.stringify(plan)));
    return { uri, plan };
  } catch (error) {
    if (!(error instanceof AsofError && error.code === 'CONFLICT')) throw error;
    return { uri, plan: await readDatasetPlan(lake, uri) };
  }
}

/** Throws `LAKE_FILE_CORRUPT` when there is none. */
export async function readDatasetPlan(lake: Lake, uri: string): Promise<DatasetPlan> {
  return JSON.parse(Buffer.from(await lake.read(uri)).toString()) as DatasetPlan;
}

export function planPath(directory: string): string {
  return `${directory}/plan.json`;
}
