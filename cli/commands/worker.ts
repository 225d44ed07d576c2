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
    .option('--build-id <id>', 'its version among workers that stand side by side (ASOF_BUILD_ID)')
    .action(({ kind, buildId }: { kind: WorkerKind; buildId?: string }) =>
      run(async ({ terminal, directory, signal }) => {
        const environment = { ...process.env, ...(buildId !== undefined && { ASOF_BUILD_ID: buildId }) };
        const settings = await loadSettings({ directory, environment });
        await withComponents(settings, ['catalog', 'redis', 'temporal'], async (connected) => {
          const worker = await startWorker(kind, connected);
          signal.addEventListener('abort', () => worker.shutdown(), { once: true });
          if (signal.aborted) worker.shutdown();
          const { version } = settings.worker;
          const build = version === null ? '' : ` as build ${version.buildId} of ${version.deployment}`;
          terminal.note(`worker-${kind} is polling ${connected.temporal.address}${build}`);
          await worker.run();
          terminal.result({ worker: kind, stopped: true }, `worker-${kind} stopped`);
        });
      }),
    );
};
