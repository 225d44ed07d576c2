/** Names that workflows, workers and clients of Temporal share. */

export const WORKFLOW_NAMES = [
  'ingest',
  'backfill',
  'materialize',
  'buildTrainingDataset',
  'maintain',
  'monitorFreshness',
  'checkConsistency',
  'runStream',
] as const;
export type WorkflowName = (typeof WORKFLOW_NAMES)[number];

/** Every workflow answers `progress`; a backfill and a stream take some of the others too. */
export const RUN_MESSAGES = {
  progress: 'progress',
  pause: 'pause',
  resume: 'resume',
  setParallel: 'setParallel',
  stop: 'stop',
  status: 'status',
  setConsumers: 'setConsumers',
} as const;

/** The id of a run that ingests everything new of a source, whoever starts it. */
export function ingestionId(project: string, source: string): string {
  return `ingest/${project}/${source}`;
}

/** The id of a run that brings views up to the clock; `views` as the ids name them. */
export function materializationId(project: string, views: string): string {
  return `materialize/${project}/${views}`;
}

/** Search attribute keys, all of type Keyword. Their values are names, never data. */
export const SEARCH_ATTRIBUTES = {
  project: { name: 'AsofProject', type: 'KEYWORD' },
  view: { name: 'AsofView', type: 'KEYWORD' },
  dataset: { name: 'AsofDataset', type: 'KEYWORD' },
} as const;

/** Set by Temporal on runs that a schedule starts: the time that was due, whenever the run really starts. */
export const SCHEDULED_TIME = { name: 'TemporalScheduledStartTime', type: 'DATETIME' } as const;

/** The most intervals that a backfill works at once, whatever it is asked for. */
export const MAX_PARALLEL = 64;

/** The most consumers of one stream, and the most messages of one step. */
export const MAX_CONSUMERS = 64;
export const MAX_BATCH_SIZE = 100_000;

/** The most intervals of one backfill. */
export const MAX_INTERVALS = 100_000;

/** The most views of one materialization, an activity each, and the most features that a dataset names. */
export const MAX_VIEWS = 300;
export const MAX_FEATURES = 1000;

/** The most failed intervals that a backfill's result names; the counts are of all. */
export const MAX_NAMED_FAILURES = 200;
