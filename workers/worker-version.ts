/** Versions of workers (Temporal's Worker Deployments), so that two of them stand side by side while one takes over. */
import { hostname } from 'node:os';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import type { WorkerSettings } from '../contracts/config.ts';
import type { WorkerKind } from './worker-kind.ts';

type WorkerVersion = NonNullable<WorkerSettings['version']>;

/**
 * All three kinds are one deployment, so that a run finds its activities on workers of its own version. Runs are pinned: the
 * code that began one ends it.
 */
export function deploymentOptions({ deployment, buildId }: WorkerVersion): WorkerDeploymentOptions {
  return {
    version: { deploymentName: deployment, buildId },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'PINNED',
  };
}

/** Workers of one kind, on several machines and of several versions, must be told apart. */
export function identityOf(kind: WorkerKind, version: WorkerVersion | null): string {
  const place = `${kind}@${hostname()}/${process.pid}`;
  return version === null ? place : `${place}/${version.buildId}`;
}
