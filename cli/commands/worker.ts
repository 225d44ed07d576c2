import { Option } from 'commander';
import { loadSettings } from '../../definitions/loading.ts';
import { withComponents } from '../../stack/with-components.ts';
import { startWorker } from '../../workers/start-worker.ts';
import { WORKER_KINDS, type WorkerKind } from '../../workers/worker-kind.ts';
import type { Register } from '../main.ts';

export const registerWorker: Register = (program, run) => {
  program
    .command('worker')
    .description('run one kind of worker until it is stopped')
    .addOption(new Option('--kind <kind>', 'which task queue it serves').choices(WORKER_KINDS).makeOptionMandatory())
    .action(({ kind }: { kind: WorkerKind }) =>
      run(async ({ terminal, directory, signal }) => {
        const settings = await loadSettings({ directory });
        await withComponents(settings, ['catalog', 'redis', 'temporal'], async (connected) => {
          const worker = await startWorker(kind, connected);
          signal.addEventListener('abort', () => worker.shutdown(), { once: true });
          if (signal.aborted) worker.shutdown();
          terminal.note(`worker-${kind} is polling ${connected.temporal.address}`);
          await worker.run();
          terminal.result({ worker: kind, stopped: true }, `worker-${kind} stopped`);
        });
      }),
    );
};
