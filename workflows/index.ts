/** What the orchestration workers register: every export is a workflow type. */
export { backfill } from './backfill.ts';
export { buildTrainingDataset } from './build-training-dataset.ts';
export { ingest } from './ingest.ts';
export { materialize } from './materialize.ts';
