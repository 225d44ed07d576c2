import { setTimeout as sleep } from 'node:timers/promises';
import { AsofError } from '../../contracts/errors.ts';
import { checkRunInput } from '../../contracts/run-inputs.ts';
import type { RunStreamInput, RunStreamResult } from '../../contracts/streams.ts';
import { requireStreamable } from '../../activities/applied-view.ts';
import { loadSettings } from '../../definitions/loading.ts';
import { readStack } from '../../stack/dev.ts';
import { readRunStatus } from '../../workers/run-status.ts';
import { findRun, setStreamConsumers, startRun, stopRun, waitForRun, type RunHandle } from '../../workers/starter.ts';
import { readStreamStatus } from '../../workers/stream-status.ts';
import { parseCount } from '../arguments.ts';
import type { CommandContext, Register } from '../main.ts';
import { requireApplied, requireProjectName, withCatalog } from '../project.ts';
import { drawTable, formatCount } from '../table.ts';
import { withTemporal } from '../temporal.ts';

interface StartOptions {
  readonly consumers?: number;
  readonly batchSize?: number;
  readonly landEvery?: string;
  readonly wait: boolean;
}

const POLL_MILLIS = 250;

export const registerStream: Register = (program, run) => {
  const stream = program.command('stream').description('bring the messages of a topic online as they come');

  stream
    .command('start')
    .description('keep the online values of a view abreast of its topic; a second start joins the first')
    .argument('<view>')
    .option('--consumers <n>', 'how many share the topic (default: 1)', (text) => parseCount(text, '--consumers'))
    .option('--batch-size <n>', 'the most messages of one step (default: 1000)', (text) =>
      parseCount(text, '--batch-size'),
    )
    .option('--land-every <duration>', 'how often messages go to the lake (default: 1m)')
    .option('--no-wait', 'return before the first message is consumed')
    .action((view: string, { wait, ...options }: StartOptions) =>
      run(async (context) => {
        const input = checkRunInput('runStream', { project: await requireProjectName(context), view, ...options });
        await requireLastingStack(context);
        await withCatalog(context, async ({ catalog }) => {
          requireStreamable((await requireApplied(catalog, input.project)).manifest, view);
        });
        await withTemporal(context, async ({ client }) => {
          const started = await startRun(client, 'runStream', input);
          const step = wait ? await untilConsuming(context, started) : 'started';
          const { workflowId } = started;
          context.terminal.result({ view, run: started.id, workflowId, step }, `Stream of ${view}: ${step}.`);
        });
      }),
    );

  stream
    .command('stop')
    .description('end the stream of a view once the messages under way are applied')
    .argument('<view>')
    .action((view: string) =>
      run(async (context) =>
        withStream(context, view, async (handle) => {
          await requireRunning(view, handle);
          await stopRun(handle);
          const result = await waitForRun(handle);
          context.terminal.result({ run: handle.id, ...result }, describeResult(result));
        }),
      ),
    );

  stream
    .command('consumers')
    .description('change how many consumers a running stream has')
    .argument('<view>')
    .argument('<n>')
    .action((view: string, count: string) =>
      run(async (context) =>
        withStream(context, view, async (handle) => {
          await requireRunning(view, handle);
          const consumers = await setStreamConsumers(handle, parseCount(count, 'consumers'));
          context.terminal.result({ view, consumers }, `Stream of ${view}: ${consumers} consumers.`);
        }),
      ),
    );

  stream
    .command('status')
    .description('how far the stream of a view is, and what it has done')
    .argument('<view>')
    .action((view: string) =>
      run(async (context) =>
        withStream(context, view, async (handle) => {
          const state = await readRunStatus(handle);
          const status = state === 'running' ? await readStreamStatus(handle) : undefined;
          const document = { view, run: handle.id, state, ...status };
          context.terminal.result(document, [
            `Stream of ${view}: ${state}${status === undefined ? '' : `, ${status.step}`}.`,
            ...(status === undefined ? [] : describeStatus(status)),
          ]);
        }),
      ),
    );
};

async function withStream(
  context: CommandContext,
  view: string,
  work: (handle: RunHandle<'runStream'>) => Promise<void>,
): Promise<void> {
  const input: RunStreamInput = checkRunInput('runStream', { project: await requireProjectName(context), view });
  await withTemporal(context, async ({ client }) => {
    try {
      await work(await findRun(client, 'runStream', input));
    } catch (error) {
      if (error instanceof AsofError && error.code === 'UNKNOWN_NAME') throw notRunning(view, 'was never started');
      throw error;
    }
  });
}

async function requireRunning(view: string, handle: RunHandle<'runStream'>): Promise<void> {
  if ((await readRunStatus(handle)) !== 'running') throw notRunning(view, 'has ended');
}

function notRunning(view: string, state: string): AsofError {
  const problem = `${state}; start it with \`asof stream start ${view}\``;
  return new AsofError('CONFLICT', { where: `stream of view ${view}`, problem });
}

/** A stream lives in the workers of a stack: one that is started for the length of a command would take it along. */
async function requireLastingStack({ directory }: CommandContext): Promise<void> {
  const settings = await loadSettings({ directory });
  if (settings.temporal.address !== null || readStack(settings) !== undefined) return;
  const problem = 'no stack is running, and a stream needs one that stays; run `asof dev --detach --with kafka`';
  throw new AsofError('COMPONENT_MISSING', { component: 'Temporal', problem });
}

/** Answers the step at which it is. Throws what ended the run before it consumed. */
async function untilConsuming({ terminal, signal }: CommandContext, run: RunHandle<'runStream'>): Promise<string> {
  let isOver = false;
  const ended = waitForRun(run).finally(() => (isOver = true));
  ended.catch(() => undefined);
  let told = '';
  while (!isOver && !signal.aborted) {
    const status = await readStreamStatus(run);
    if (status?.step === 'consume') return 'consuming';
    const line = status?.problem ?? status?.step ?? '';
    if (line !== '' && line !== told) terminal.note((told = line));
    await sleep(POLL_MILLIS);
  }
  if (!isOver) return 'started';
  await ended;
  return 'stopped';
}

function describeStatus(status: NonNullable<Awaited<ReturnType<typeof readStreamStatus>>>): readonly string[] {
  const { partitions, applied, late, rejected, lost, newestEvent, problem, landed, landingProblem } = status;
  return [
    `${formatCount(applied)} rows applied, ${formatCount(late)} of them late; ${formatCount(rejected)} messages rejected, ${lost} lost.`,
    `Newest event ${newestEvent ?? 'none'}; landed ${landed} times.`,
    ...(problem === null ? [] : [`Waits: ${problem}`]),
    ...(landingProblem === null ? [] : [`The last landing failed: ${landingProblem}`]),
    drawTable(
      ['partition', 'next offset', 'lag'],
      partitions.map(({ partition, next, lag }) => [partition, next, lag]),
    ),
  ];
}

function describeResult({ view, applied, late, rejected, lost, landed }: RunStreamResult): string {
  return (
    `Stream of ${view} has ended: ${formatCount(applied)} rows applied, ${formatCount(late)} of them late;` +
    ` ${formatCount(rejected)} messages rejected, ${lost} lost; landed ${landed} times.`
  );
}
