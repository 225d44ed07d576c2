import { ActivityFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import { describeFailure } from '../../../workflows/run-failure.ts';

function timedOut(type: 'SCHEDULE_TO_START' | 'HEARTBEAT'): ActivityFailure {
  const cause = new TimeoutFailure('activity timeout', undefined, type);
  return new ActivityFailure('activity failed', 'stageGroups', '1', RetryState.TIMEOUT, 'worker', cause);
}

it('work that no worker took says so, and what to do', () => {
  const { code, message } = describeFailure(timedOut('SCHEDULE_TO_START'), 'ingest/flights');
  expect(code).toBe('RUN_FAILED');
  expect(message).toBe(
    'ingest/flights: no worker took stageGroups within a day; see that workers run (`asof worker`), then start it again',
  );
});

it('work that fell silent says which time ran out', () => {
  const { message } = describeFailure(timedOut('HEARTBEAT'), 'ingest/flights');
  expect(message).toBe('ingest/flights: stageGroups did not answer in time (HEARTBEAT) and was given up');
});
