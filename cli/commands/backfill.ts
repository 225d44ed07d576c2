import type { Command } from 'commander';
import { AsofError } from '../../contracts/errors.ts';
import type { RunRecord } from '../../catalog/catalog.ts';
import type { RunResults } from '../../workers/starter.ts';
import { foldLedger } from '../../catalog/ledger.ts';
import { checkRunInput } from '../../contracts/run-inputs.ts';
import { formatRemaining } from '../../contracts/remaining-time.ts';
import type { BackfillInput, RunProgress } from '../../contracts/runs.ts';
import { formatInstant } from '../../contracts/time.ts';
import {
  attachRun,
  cancelRun,
  pauseRun,
  readProgress,
  readRunInput,
  resumeRun,
  stopRun,
  type RunHandle,
} from '../../workers/starter.ts';
import { parseCount } from '../arguments.ts';
import { drawOutlook, foreseeBackfill, outlookDocument, type BackfillOutlook } from '../backfill-outlook.ts';
import { runDurably } from '../durable.ts';
import type { CommandContext, Register, RunCommand } from '../main.ts';
import { requireApplied, requireProjectName, withCatalog } from '../project.ts';
import { drawTable, formatCount, plural } from '../table.ts';
import { withTemporal } from '../temporal.ts';

/** How many runs back a view's latest backfill is looked for. */
const RECENT_RUNS = 1000;

interface BackfillOptions {
  readonly from?: string;
  readonly to?: string;
  readonly chunk?: string;
  readonly parallel?: number;
  readonly restate?: boolean;
  readonly cascade?: boolean;
  readonly newestFirst?: boolean;
  readonly dryRun?: boolean;
  readonly wait: boolean;
}

export const registerBackfill: Register = (program, run) => {
  const backfill = program
    .command('backfill')
    .description("precompute a view's intervals; resumes where an earlier run stopped")
    .argument('<view>')
    // not required options: the subcommands would require them too
    .option('--from <time>', 'first instant')
    .option('--to <time>', 'end of the range, exclusive')
    .option('--chunk <duration>', 'length of one interval (default: 1d)')
    .option('--parallel <n>', 'intervals at work at once', (text) => parseCount(text, '--parallel'))
    .option('--restate', 'redo intervals that are done')
    .option('--cascade', 'then redo what depends on the view: its online state (derived views follow by themselves)')
    .option('--newest-first', 'from the end of the range towards its beginning')
    .option('--dry-run', 'say which intervals are done, dirty, failed and missing, and start nothing')
    .option('--no-wait', "return the run's id at once")
    .action((view: string, { from, to, wait, dryRun = false, ...options }: BackfillOptions) =>
      run(async (context) => {
        if (from === undefined || to === undefined) {
          throw new AsofError('USAGE', { problem: 'give the range with --from and --to' });
        }
        const project = await requireProjectName(context);
        const input = checkRunInput('backfill', { project, view, from, to, ...options });
        if (dryRun) {
          const outlook = await foresee(context, input);
          context.terminal.result(outlookDocument(outlook), drawOutlook(outlook));
          return;
        }
        const fingerprint = await requireViewFingerprint(context, project, view);
        await runDurably(context, { workflow: 'backfill', input, start: { fingerprint }, wait, describe });
      }),
    );
  registerStatus(backfill, run);
  registerControl(
    backfill,
    run,
    'pause',
    'hold the running backfill: intervals under way end, no others start',
    pauseRun,
  );
  registerControl(backfill, run, 'resume', 'go on after a pause', resumeRun);
  registerControl(backfill, run, 'stop', 'end the running backfill once its intervals under way have ended', stopRun);
  registerControl(backfill, run, 'cancel', 'end the running backfill at once; what is done stays', cancelRun);
  registerRetry(backfill, run);
};

function foresee(context: CommandContext, input: BackfillInput): Promise<BackfillOutlook> {
  return withCatalog(context, async ({ catalog }) => {
    const { manifest } = await requireApplied(catalog, input.project);
    const latest = findBackfill(await catalog.runs.list(input.project, RECENT_RUNS), input.view);
    return foreseeBackfill(catalog, manifest, input, latest);
  });
}

function registerStatus(backfill: Command, run: RunCommand): void {
  backfill
    .command('status')
    .description("the view's done and dirty ranges, and its latest backfill")
    .argument('<view>')
    .action((view: string) =>
      run(async (context) => {
        const project = await requireProjectName(context);
        const status = await withCatalog(context, async ({ catalog }) => {
          const fingerprint = await requireViewFingerprint(context, project, view);
          const key = { project, view, fingerprint, store: 'offline' } as const;
          const { done, dirty, late } = foldLedger(await catalog.intervals.entries(key));
          return {
            fingerprint,
            done,
            dirty,
            late,
            latest: findBackfill(await catalog.runs.list(project, RECENT_RUNS), view),
          };
        });
        const progress =
          status.latest?.state === 'running'
            ? await withTemporal(context, ({ client }) => readProgress(attachRun(client, asReference(status.latest!))))
            : undefined;
        const text = (ranges: typeof status.done): readonly { from: string; to: string }[] =>
          ranges.map(({ from, to }) => ({ from: formatInstant(from), to: formatInstant(to) }));
        const document = {
          view,
          fingerprint: status.fingerprint,
          done: text(status.done),
          dirty: text(status.dirty),
          late: text(status.late),
          run: status.latest && { id: status.latest.id, state: status.latest.state, error: status.latest.error },
          progress: progress ?? null,
        };
        context.terminal.result(document, [
          drawTable(
            ['ranges', 'from', 'to'],
            [
              ...document.done.map(({ from, to }) => ['done', from, to]),
              ...document.dirty.map(({ from, to }) => ['dirty', from, to]),
              ...document.late.map(({ from, to }) => ['late: needs --restate', from, to]),
            ],
          ),
          status.latest ? `Latest run ${status.latest.id}: ${status.latest.state}.` : 'Never backfilled.',
          ...(progress ? [describeProgress(progress)] : []),
        ]);
      }),
    );
}

function registerControl(
  backfill: Command,
  run: RunCommand,
  name: string,
  description: string,
  control: (handle: RunHandle<'backfill'>) => Promise<void>,
): void {
  backfill
    .command(name)
    .description(description)
    .argument('<view>')
    .action((view: string) =>
      run(async (context) => {
        const record = await requireBackfill(context, view, (state) => state === 'running', 'running');
        await withTemporal(context, ({ client }) => control(attachRun(client, asReference(record))));
        context.terminal.result({ view, run: record.id, requested: name }, `Asked ${record.workflowId} to ${name}.`);
      }),
    );
}

function registerRetry(backfill: Command, run: RunCommand): void {
  backfill
    .command('retry')
    .description('run the latest backfill again: what failed or is missing is done, the rest is left alone')
    .argument('<view>')
    .option('--no-wait', "return the run's id at once")
    .action((view: string, { wait }: { wait: boolean }) =>
      run(async (context) => {
        const record = await requireBackfill(context, view, (state) => state !== 'running', 'ended');
        const fingerprint = await requireViewFingerprint(context, record.project, view);
        const before = await withTemporal(context, ({ client }) =>
          readRunInput(attachRun(client, asReference(record))),
        );
        const input = { ...before, restate: false };
        await runDurably(context, { workflow: 'backfill', input, start: { fingerprint }, wait, describe });
      }),
    );
}

async function requireBackfill(
  context: CommandContext,
  view: string,
  accepts: (state: RunRecord['state']) => boolean,
  kind: string,
): Promise<RunRecord> {
  const project = await requireProjectName(context);
  const runs = await withCatalog(context, ({ catalog }) => catalog.runs.list(project, RECENT_RUNS));
  const record = findBackfill(runs, view);
  if (record === undefined || !accepts(record.state)) {
    throw new AsofError('CONFLICT', { where: `backfill of ${view}`, problem: `there is no ${kind} run` });
  }
  return record;
}

function findBackfill(runs: readonly RunRecord[], view: string): RunRecord | undefined {
  return runs.find(({ workflow, target }) => workflow === 'backfill' && target === view);
}

function asReference({ id, workflowId }: RunRecord): { workflow: 'backfill'; id: string; workflowId: string } {
  return { workflow: 'backfill', id, workflowId };
}

async function requireViewFingerprint(context: CommandContext, project: string, name: string): Promise<string> {
  return withCatalog(context, async ({ catalog }) => {
    const { manifest } = await requireApplied(catalog, project);
    const view = manifest.views.find((candidate) => candidate.name === name);
    if (view?.kind === 'feature') return view.fingerprint;
    const known = manifest.views.filter(({ kind }) => kind === 'feature').map((candidate) => candidate.name);
    throw new AsofError('UNKNOWN_NAME', { where: 'backfill', kind: 'feature view', name, known });
  });
}

function describeProgress({ done, total, unit, failed, remainingSeconds }: RunProgress): string {
  const left = remainingSeconds ? `; about ${formatRemaining(remainingSeconds)} left` : '';
  return `${done} of ${total} ${unit}, ${failed} failed${left}.`;
}

function describe(result: RunResults['backfill']): readonly string[] {
  return [
    `${result.view}: ${result.done} of ${result.intervals} intervals done now, ${result.reused} were done before,` +
      ` ${result.failed.length} failed; ${formatCount(result.rows)} rows.`,
    ...(result.cascade?.online ?? []).map(
      ({ view, to, written }) => `${view} online as of ${to}: ${formatCount(written)} keys written.`,
    ),
    ...(result.late
      ? [
          `${plural(result.late, 'interval')} left alone, where rows came too late: asof backfill ${result.view} --dry-run` +
            ' names the restatements.',
        ]
      : []),
    ...result.failed.map(({ from, to, message }) => `failed ${from} – ${to}: ${message}`),
  ];
}
