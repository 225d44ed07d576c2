import { ApplicationFailure, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { MAX_CONSUMERS, RUN_MESSAGES } from '../contracts/run-messages.ts';

const stopSignal = defineSignal(RUN_MESSAGES.stop);
/** Answers the number of consumers now in force. */
const setConsumersUpdate = defineUpdate<number, [number]>(RUN_MESSAGES.setConsumers);

/** What an operator may change while a stream runs. */
export interface StreamControl {
  stopping: boolean;
  consumers: number;
}

/** Installs the handlers, which change the returned object. */
export function openStreamControl(consumers: number): StreamControl {
  const control = { stopping: false, consumers };
  setHandler(stopSignal, () => void (control.stopping = true), {
    description: 'Ends the consumers when the batches under way are applied, and then the run, which is completed',
  });
  setHandler(setConsumersUpdate, (wanted) => (control.consumers = wanted), {
    description: `Sets how many consumers share the topic: 1 to ${MAX_CONSUMERS}`,
    validator: (wanted) => {
      if (Number.isInteger(wanted) && wanted >= 1 && wanted <= MAX_CONSUMERS) return;
      const message = `${RUN_MESSAGES.setConsumers}: must be a whole number from 1 to ${MAX_CONSUMERS}`;
      throw ApplicationFailure.create({ message, type: 'INVALID_VALUE', nonRetryable: true });
    },
  });
  return control;
}
