/** Holding, starting, repeating and removing schedules. */
import type { Command } from 'commander';
import { AsofError } from '../../../contracts/errors.ts';
import { LOSSLESS_OVERLAPS } from '../../../contracts/schedules.ts';
import { requireInstant } from '../../../contracts/time.ts';
import {
  awaitListed,
  backfillSchedule,
  deleteSchedule,
  isDeclared,
  pauseSchedule,
  readSchedule,
  resumeSchedule,
  triggerSchedule,
} from '../../../workers/schedules.ts';
import type { Register, RunCommand } from '../../main.ts';
import { withSchedules } from '../../schedules.ts';

export const registerControl: Register = (schedule, run) => {
  registerPause(schedule, run);
  registerRun(schedule, run);
  registerBackfill(schedule, run);
  registerDelete(schedule, run);
};

const NAME = 'its name in `asof schedule list`';

function registerPause(schedule: Command, run: RunCommand): void {
  const both = [
    { verb: 'pause', past: 'Paused', change: pauseSchedule, description: 'hold a schedule: no run starts by itself' },
    {
      verb: 'resume',
      past: 'Resumed',
      change: resumeSchedule,
      description: 'let it go on; what was due is not made up',
    },
  ] as const;
  for (const { verb, past, change, description } of both) {
    schedule
      .command(verb)
      .description(description)
      .argument('<schedule>', NAME)
      .option('--reason <text>', 'kept with the schedule and shown')
      .action((name: string, { reason = `${verb}d by hand` }: { reason?: string }) =>
        run((context) =>
          withSchedules(context, async ({ settings, client }) => {
            await change(client, { project: settings.project, name }, reason);
            context.terminal.result({ name, paused: verb === 'pause', note: reason }, `${past} ${name}: ${reason}`);
          }),
        ),
      );
  }
}

function registerRun(schedule: Command, run: RunCommand): void {
  schedule
    .command('run')
    .description('start a run now, as if it were due now')
    .argument('<schedule>', NAME)
    .action((name: string) =>
      run((context) =>
        withSchedules(context, async ({ settings, client }) => {
          await triggerSchedule(client, { project: settings.project, name });
          context.terminal.result({ name, triggered: true }, `Started a run of ${name}.`);
        }),
      ),
    );
}

function registerBackfill(schedule: Command, run: RunCommand): void {
  schedule
    .command('backfill')
    .description('start the runs that were due in a range of the past, none left out')
    .argument('<schedule>', NAME)
    .requiredOption('--from <time>', 'first instant')
    .requiredOption('--to <time>', 'end of the range, exclusive')
    .option('--overlap <policy>', 'bufferAll: one after the other; allowAll: side by side (default: bufferAll)')
    .action(
      (name: string, { from, to, overlap: given = 'bufferAll' }: { from: string; to: string; overlap?: string }) =>
        run(async (context) => {
          const overlap = LOSSLESS_OVERLAPS.find((one) => one === given);
          if (overlap === undefined) {
            const problem = `--overlap takes ${LOSSLESS_OVERLAPS.join(' or ')}, not "${given}": others leave runs out`;
            throw new AsofError('USAGE', { problem });
          }
          const range = { from: requireInstant(from, '--from'), to: requireInstant(to, '--to') };
          await withSchedules(context, async ({ settings, client }) => {
            await backfillSchedule(client, { project: settings.project, name }, range, overlap);
            context.terminal.result(
              { name, from, to, overlap },
              `Asked for the runs of ${name} from ${from} to ${to}.`,
            );
          });
        }),
    );
}

function registerDelete(schedule: Command, run: RunCommand): void {
  schedule
    .command('delete')
    .description('remove a schedule that was made by hand; its runs go on')
    .argument('<schedule>', NAME)
    .action((name: string) =>
      run((context) =>
        withSchedules(context, async ({ settings, client }) => {
          const key = { project: settings.project, name };
          await readSchedule(client, key);
          if (isDeclared(name)) {
            const problem = 'definitions declare it; take it out there and run `asof apply`, or pause it';
            throw new AsofError('CONFLICT', { where: `schedule ${name}`, problem });
          }
          await deleteSchedule(client, key);
          await awaitListed(client, settings.project, { present: [], absent: [name] });
          context.terminal.result({ name, deleted: true }, `Deleted ${name}.`);
        }),
      ),
    );
}
