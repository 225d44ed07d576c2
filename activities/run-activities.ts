import type { Catalog, LineageEvent, RunRecord } from '../catalog/catalog.ts';
import { clockNow } from '../contracts/time.ts';

export type RunIdentity = Pick<RunRecord, 'id' | 'project' | 'workflow' | 'workflowId' | 'target'>;

export interface RunEnd extends RunIdentity, Pick<RunRecord, 'result' | 'error'> {
  readonly state: Exclude<RunRecord['state'], 'running'>;
  /** Names of what the run read and wrote. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The run's entry in the catalog. Both are idempotent: an ended run is not reopened, its lineage is written once. */
export interface RunActivities {
  beginRun(run: RunIdentity): Promise<void>;
  endRun(end: RunEnd): Promise<void>;
}

const TERMINAL_EVENTS = { completed: 'COMPLETE', failed: 'FAIL', cancelled: 'ABORT' } as const;

export function createRunActivities({ catalog }: { readonly catalog: Pick<Catalog, 'runs'> }): RunActivities {
  return {
    async beginRun(run) {
      await catalog.runs.put(
        { ...run, state: 'running', startedAt: clockNow(), endedAt: null, result: null, error: null },
        [lineageEvent(run, 'START', [], [])],
      );
    },

    async endRun({ inputs, outputs, ...end }) {
      const now = clockNow();
      const startedAt = (await catalog.runs.get(end.id))?.startedAt ?? now;
      await catalog.runs.put({ ...end, startedAt, endedAt: now }, [
        lineageEvent(end, TERMINAL_EVENTS[end.state], inputs, outputs),
      ]);
    },
  };
}

function lineageEvent(
  run: RunIdentity,
  type: LineageEvent['type'],
  inputs: readonly string[],
  outputs: readonly string[],
): LineageEvent {
  return { runId: run.id, type, job: `${run.workflow} ${run.target}`, inputs, outputs };
}
