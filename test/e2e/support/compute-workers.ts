/** More compute workers than the stack's own, each a process. */
import { existsSync } from 'node:fs';
import { startCommand } from './command.ts';
import { pollFor } from './polling.ts';
import type { Project } from './project.ts';

export interface ExtraWorkers {
  stop(): Promise<void>;
}

/** Starts `asof worker --kind compute` so many times, and waits until each is ready. */
export async function startComputeWorkers(project: Project, count: number): Promise<ExtraWorkers> {
  const workers = Array.from({ length: count }, (_, index) => {
    const ready = project.file(`.asof/extra-worker-${index}.ready`);
    return { ready, ...startCommand(['worker', '--kind', 'compute'], project.directory, { ASOF_READY_FILE: ready }) };
  });
  for (const { ready } of workers) await pollFor(() => existsSync(ready), true);
  return {
    async stop() {
      for (const { pid } of workers) process.kill(pid, 'SIGTERM');
      await Promise.all(workers.map(({ outcome }) => outcome));
    },
  };
}
