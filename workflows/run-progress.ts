import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { formatRemaining } from '../contracts/remaining-time.ts';
import { RUN_MESSAGES } from '../contracts/run-messages.ts';
import type { RunProgress } from '../contracts/runs.ts';

const progressQuery = defineQuery<RunProgress>(RUN_MESSAGES.progress);

export interface ProgressBoard {
  /** Replaces the fields named. */
  show(change: Partial<RunProgress>): void;
  /** Adds to the counts named. */
  add(change: Partial<Pick<RunProgress, 'done' | 'rows' | 'failed'>>): void;
  current(): RunProgress;
}

/** Answers the `progress` query and keeps the text on the run's page in the Temporal UI. */
export function openProgressBoard(title: string, start: RunProgress): ProgressBoard {
  let progress = start;
  const show = (change: Partial<RunProgress>): void => {
    progress = { ...progress, ...change };
    setCurrentDetails(describeProgress(title, progress));
  };
  setHandler(progressQuery, () => progress, {
    description: 'The step at work and how far it is: { step, done, total, unit, rows, failed, remainingSeconds? }',
  });
  show({});
  return {
    show,
    add({ done = 0, rows = 0, failed = 0 }) {
      show({ done: progress.done + done, rows: progress.rows + rows, failed: progress.failed + failed });
    },
    current: () => progress,
  };
}

function describeProgress(title: string, progress: RunProgress): string {
  const lines = [`### ${title}`, '', `- step: **${progress.step}**`];
  if (progress.total > 0) lines.push(`- ${progress.done} of ${progress.total} ${progress.unit}`);
  if (progress.rows > 0) lines.push(`- ${progress.rows} rows`);
  if (progress.failed > 0) lines.push(`- ${progress.failed} failed`);
  if (progress.remainingSeconds) lines.push(`- about ${formatRemaining(progress.remainingSeconds)} left`);
  return lines.join('\n');
}
