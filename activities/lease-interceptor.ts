import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { withLeases } from '../lake/leases.ts';

/** The local copies of a lake's files that an activity asks for stay readable until it ends, and no longer. */
export const holdLakeFiles: ActivityInterceptorsFactory = () => ({
  inbound: { execute: (input, next) => withLeases(() => next(input)) },
});
