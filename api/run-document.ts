/** A run as the API shows it, the same in every answer and event. */
import type { RunRecord } from '../catalog/catalog.ts';
import { WORKFLOW_NAMES } from '../contracts/run-messages.ts';
import type { RunProgress } from '../contracts/runs.ts';
import { formatInstant } from '../contracts/time.ts';

export const RUN_STATES = ['running', 'completed', 'failed', 'cancelled'] as const satisfies RunRecord['state'][];

export const RUN = {
  type: 'object',
  required: ['id', 'workflow', 'workflowId', 'target', 'state', 'startedAt'],
  properties: {
    id: { type: 'string' },
    workflow: { enum: WORKFLOW_NAMES },
    workflowId: { type: 'string', description: 'how Temporal knows it; later runs of the same work share it' },
    target: { type: 'string', description: 'the source, view, views or dataset' },
    state: { enum: RUN_STATES },
    startedAt: { type: 'string', format: 'date-time' },
    endedAt: { type: ['string', 'null'], format: 'date-time' },
    result: { type: ['object', 'null'], description: 'what the workflow returned' },
    error: { type: ['object', 'null'], description: 'code and message of the failure' },
    progress: {
      type: 'object',
      description: 'of a running run, while a worker answers',
      properties: {
        step: { type: 'string' },
        done: { type: 'integer' },
        total: { type: 'integer' },
        unit: { type: 'string' },
        rows: { type: 'integer' },
        failed: { type: 'integer' },
        remainingSeconds: { type: 'integer', description: 'of a backfill, at its rate up to now' },
      },
    },
  },
} as const;

export const RUN_PARAMETERS = {
  type: 'object',
  properties: { id: { type: 'string', maxLength: 200, description: '`run` of the answer that started it' } },
} as const;

/** What is known of a run at this moment. */
export interface ObservedRun {
  readonly run: RunRecord;
  readonly progress?: RunProgress;
}

export function describeRun({ run: { startedAt, endedAt, project: _, ...run }, progress }: ObservedRun) {
  return {
    ...run,
    startedAt: formatInstant(startedAt),
    endedAt: endedAt === null ? null : formatInstant(endedAt),
    ...(progress && { progress }),
  };
}
