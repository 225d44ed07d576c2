import { ApplicationFailure, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { MAX_PARALLEL, RUN_MESSAGES } from '../contracts/run-messages.ts';

const pauseSignal = defineSignal(RUN_MESSAGES.pause);
const resumeSignal = defineSignal(RUN_MESSAGES.resume);
const stopSignal = defineSignal(RUN_MESSAGES.stop);
/** Answers the parallelism now in force. */
const setParallelUpdate = defineUpdate<number, [number]>(RUN_MESSAGES.setParallel);

/** What an operator may change while a backfill runs. */
export interface BackfillControl {
  paused: boolean;
  /** Intervals under way end, and then the run. */
  stopping: boolean;
  parallel: number;
}

/** Installs the handlers; they change the returned object and then call `changed`. */
export function openBackfillControl(
  start: Readonly<BackfillControl>,
  changed: (control: Readonly<BackfillControl>) => void,
): BackfillControl {
  const control = { ...start };
  const setPaused = (paused: boolean): void => {
    control.paused = paused;
    changed(control);
  };
  setHandler(pauseSignal, () => setPaused(true), { description: 'Starts no more intervals; those under way end' });
  setHandler(resumeSignal, () => setPaused(false), { description: 'Goes on after a pause' });
  setHandler(
    stopSignal,
    () => {
      control.stopping = true;
      changed(control);
    },
    { description: 'Starts no more intervals; those under way end, and the run ends as cancelled' },
  );
  setHandler(setParallelUpdate, (parallel) => (control.parallel = parallel), {
    description: `Sets how many batches of intervals are at work at once: 1 to ${MAX_PARALLEL}`,
    validator: (parallel) => {
      if (Number.isInteger(parallel) && parallel >= 1 && parallel <= MAX_PARALLEL) return;
      const message = `${RUN_MESSAGES.setParallel}: must be a whole number from 1 to ${MAX_PARALLEL}`;
      throw ApplicationFailure.create({ message, type: 'INVALID_VALUE', nonRetryable: true });
    },
  });
  return control;
}
