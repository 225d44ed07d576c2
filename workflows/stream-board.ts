import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { RUN_MESSAGES } from '../contracts/run-messages.ts';
import { addReports, NOTHING_STREAMED, type StreamReport, type StreamStatus } from '../contracts/streams.ts';
import { openProgressBoard } from './run-progress.ts';

const statusQuery = defineQuery<StreamStatus>(RUN_MESSAGES.status);

/** What one execution of a stream hands to the next. */
export interface StreamBoardState {
  /** Of consumers that have ended. */
  readonly ended: StreamReport;
  readonly rebuilt: number;
  readonly landed: number;
}

export interface StreamBoard {
  show(change: Partial<Pick<StreamStatus, 'step' | 'fingerprint' | 'problem' | 'landingProblem'>>): void;
  /** What the consumers at work told last. */
  observe(report: StreamReport): void;
  /** A consumer has ended, or several: the others tell anew. */
  addEnded(report: StreamReport): void;
  count(what: 'rebuilt' | 'landed'): void;
  status(): StreamStatus;
  state(): StreamBoardState;
}

/** Answers the queries `status` and `progress`, and keeps the text on the run's page. */
export function openStreamBoard(
  view: string,
  consumers: () => number,
  carried: StreamBoardState = { ended: NOTHING_STREAMED, rebuilt: 0, landed: 0 },
): StreamBoard {
  const progress = { step: 'plan', done: 0, total: 0, unit: 'messages', rows: 0, failed: 0 };
  const board = openProgressBoard(`stream ${view}`, progress);
  let state = carried;
  let observed = NOTHING_STREAMED;
  let shown: Pick<StreamStatus, 'step' | 'fingerprint' | 'landingProblem'> & { readonly problem: string | null } = {
    ...{ step: 'plan', fingerprint: null, landingProblem: null, problem: null },
  };
  const status = (): StreamStatus => {
    const { ended, rebuilt, landed } = state;
    const report = addReports([ended, observed]);
    const problem = shown.problem ?? report.problem;
    return { ...report, ...shown, problem, consumers: consumers(), rebuilt, landed, ended };
  };
  const refresh = (): void => {
    const now = status();
    board.show({ step: now.step, rows: now.applied, failed: now.rejected });
    setCurrentDetails(describeStatus(view, now));
  };
  setHandler(statusQuery, status, {
    description: 'Offsets and lag by partition, counts, the newest event and what is in the way, as of the last look',
  });
  refresh();
  return {
    show(change) {
      shown = { ...shown, ...change };
      refresh();
    },
    observe(report) {
      observed = report;
      refresh();
    },
    addEnded(report) {
      state = { ...state, ended: addReports([state.ended, report]) };
      observed = NOTHING_STREAMED;
      refresh();
    },
    count(what) {
      state = { ...state, [what]: state[what] + 1 };
      refresh();
    },
    status,
    state: () => state,
  };
}

function describeStatus(view: string, status: StreamStatus): string {
  const { step, partitions, applied, late, rejected, lost, newestEvent, problem, landingProblem } = status;
  const lines = [
    `### stream ${view}`,
    '',
    `- step: **${step}**, consumers: ${status.consumers}`,
    `- ${applied} rows applied, ${late} of them late; ${rejected} messages rejected, ${lost} lost`,
    `- landed ${status.landed} times, values made anew ${status.rebuilt} times`,
    ...(newestEvent === null ? [] : [`- newest event: ${newestEvent}`]),
    ...(problem === null ? [] : [`- waits: ${problem}`]),
    ...(landingProblem === null ? [] : [`- the last landing failed: ${landingProblem}`]),
  ];
  if (partitions.length === 0) return lines.join('\n');
  const rows = partitions.map(({ partition, next, lag }) => `| ${partition} | ${next} | ${lag} |`);
  return [...lines, '', '| partition | next offset | lag |', '|---|---|---|', ...rows].join('\n');
}
