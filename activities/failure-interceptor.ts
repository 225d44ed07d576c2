import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { toActivityFailure } from './failure.ts';

/** Maps every error that leaves an activity; see `toActivityFailure`. */
export const mapActivityFailures: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        throw toActivityFailure(error, {
          attempt: context.info.attempt,
          aborted: context.cancellationSignal.aborted,
          cancelRequested: context.cancellationDetails?.cancelRequested ?? false,
        });
      }
    },
  },
});
