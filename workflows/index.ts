/** What the orchestration workers register: every export is a workflow type. */
export { backfill } from './backfill.ts';
export { buildTrainingDataset } from './build-training-dataset.ts';
export { ingest } from './ingest.ts';
export { maintain } from './maintain.ts';
export { materialize } from './materialize.ts';
export { checkConsistency } from './check-consistency.ts';
export { monitorFreshness } from './monitor-freshness.ts';
export { runStream } from './run-stream.ts';
/** The SDK runs the default export for a type that no other export has. */
export { refuseUnknownWorkflow as default } from './unknown-workflow.ts';
