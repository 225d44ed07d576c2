import { Option } from 'commander';
import { loadSettings } from '../../definitions/loading.ts';
import { requestSuccessor } from '../../stack/successor.ts';
import { withComponents } from '../../stack/with-components.ts';
import { startWorker } from '../../workers/start-worker.ts';
import { WORKER_KINDS, type WorkerKind } from '../../workers/worker-kind.ts';
import type { Register } from '../main.ts';

/** What a supervisor starts again at once: `EX_TEMPFAIL` of sysexits, which no other end of a command has. */
const MEMORY_EXIT_CODE = 75;

export const registerWorker: Register = (program, run) => {
  program
    .command('worker')
    .description('run one kind of worker until it is stopped')
    .addOption(new Option('--kind <kind>', 'which task queue it serves').choices(WORKER_KINDS).makeOptionMandatory())
    .option('--build-id <id>', 'its version among workers that stand side by side (ASOF_BUILD_ID)')
    .option('--metrics <address>', 'port, or IP address and port, of its metrics (ASOF_METRICS_ADDRESS)')
    .action(({ kind, buildId, metrics }: { kind: WorkerKind; buildId?: string; metrics?: string }) =>
      run(async ({ terminal, directory, signal }) => {
        const environment = {
          ...process.env,
          ...(buildId !== undefined && { ASOF_BUILD_ID: buildId }),
          ...(metrics !== undefined && { ASOF_METRICS_ADDRESS: metrics }),
        };
        const settings = await loadSettings({ directory, environment });
        const end = await withComponents(settings, ['catalog', 'redis', 'temporal'], async (connected) => {
          const worker = await startWorker(kind, connected);
          signal.addEventListener('abort', () => worker.shutdown(), { once: true });
          if (signal.aborted) worker.shutdown();
          const { version } = settings.worker;
          const build = version === null ? '' : ` as build ${version.buildId} of ${version.deployment}`;
          terminal.note(`worker-${kind} is polling ${connected.temporal.address}${build}`);
          return worker.run();
        });
        if (end === 'asked') {
          terminal.result({ worker: kind, stopped: true }, `worker-${kind} stopped`);
          return 0;
        }
        requestSuccessor(settings);
        const reason = `worker-${kind} was above its memory limit: it has ended to be started again`;
        terminal.result({ worker: kind, stopped: true, reason: end }, reason);
        return MEMORY_EXIT_CODE;
      }),
    );
};
