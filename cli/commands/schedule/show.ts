import { describeTimes, describeWork } from '../../../definitions/declared-schedules.ts';
import { formatDuration } from '../../../contracts/time.ts';
import { listSchedules, readSchedule, type ScheduleState } from '../../../workers/schedules.ts';
import type { Register } from '../../main.ts';
import { withSchedules } from '../../schedules.ts';
import { drawTable } from '../../table.ts';

export const registerList: Register = (schedule, run) => {
  schedule
    .command('list')
    .description('every schedule of the project')
    .action(() =>
      run((context) =>
        withSchedules(context, async ({ settings, client }) => {
          const schedules = await listSchedules(client, settings.project);
          const rows = schedules.map((one) => [
            one.name,
            describeWork(one.work),
            describeTimes(one.times),
            one.paused ? `paused: ${one.note ?? ''}` : (one.next[0] ?? 'never'),
          ]);
          context.terminal.result(
            { schedules },
            rows.length === 0 ? 'No schedules.' : drawTable(['schedule', 'does', 'when', 'next'], rows),
          );
        }),
      ),
    );
};

export const registerShow: Register = (schedule, run) => {
  schedule
    .command('show')
    .description('one schedule: its policies, its next and its latest runs')
    .argument('<schedule>', 'its name in the list')
    .action((name: string) =>
      run((context) =>
        withSchedules(context, async ({ settings, client }) => {
          const state = await readSchedule(client, { project: settings.project, name });
          context.terminal.result(state, describe(state));
        }),
      ),
    );
};

function describe(state: ScheduleState): readonly string[] {
  return [
    `${state.name}: ${describeWork(state.work)}, ${describeTimes(state.times)}`,
    `in Temporal ${state.scheduleId}; ${state.declared ? 'declared by definitions' : 'made by hand'}`,
    `overlap ${state.overlap}, catches up within ${formatDuration(state.catchupMicros)}`,
    ...(state.paused ? [`paused: ${state.note ?? ''}`] : [`next: ${state.next.slice(0, 5).join(', ') || 'never'}`]),
    `${state.started} runs started, ${state.missed} missed, ${state.skipped} skipped, ${state.buffered} waiting`,
    ...state.running.map((workflowId) => `running: ${workflowId}`),
    ...state.recent.map(({ scheduledAt, workflowId }) => `started for ${scheduledAt}: ${workflowId}`),
  ];
}
