import { ApplicationFailure, ServiceError, TerminatedFailure, WorkflowFailedError } from '@temporalio/client';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { expect, it } from 'vitest';
import { AsofError } from '../../../contracts/errors.ts';
import { toRunError } from '../../../workers/run-errors.ts';

/** As grpc-js raises it. */
const grpc = (code: number, details: string): Error =>
  Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
const wrapped = (code: number, details: string): Error =>
  new ServiceError('Failed to start Workflow', { cause: grpc(code, details) });
const failure = ApplicationFailure.create({
  ...{ type: 'INVALID_VALUE', message: 'x' },
  details: [{ code: 'INVALID_VALUE', details: { where: 'here', problem: 'wrong' } }],
});

it.each<[string, unknown, string, RegExp]>([
  ['a server that is away', wrapped(14, 'connection refused'), 'TEMPORAL_UNAVAILABLE', /connection refused/],
  ['the same without a wrapper', grpc(14, 'connection refused'), 'TEMPORAL_UNAVAILABLE', /connection refused/],
  ['a server that is silent', wrapped(4, 'deadline'), 'TEMPORAL_UNAVAILABLE', /within the time limit/],
  ['a request that is refused', wrapped(3, 'too large'), 'RUN_FAILED', /too large/],
  ['a run that is not there', new WorkflowNotFoundError('gone', 'w', 'r'), 'UNKNOWN_NAME', /Temporal retains/],
  [
    'a failure with a code',
    new WorkflowFailedError('failed', failure, 'MAXIMUM_ATTEMPTS_REACHED'),
    'INVALID_VALUE',
    /here: wrong/,
  ],
  ['a refused update', new WorkflowUpdateFailedError('failed', failure), 'INVALID_VALUE', /here: wrong/],
  [
    'a termination',
    new WorkflowFailedError('failed', new TerminatedFailure('no longer wanted'), 'NON_RETRYABLE_FAILURE'),
    'RUN_FAILED',
    /it was terminated: no longer wanted/,
  ],
])('of %s has its code', (_, error, code, text) => {
  const known = toRunError(error, 'ingest/shop/orders') as AsofError;
  expect(known).toBeInstanceOf(AsofError);
  expect([known.code, known.message]).toEqual([code, expect.stringMatching(text)]);
});

it('anything else is left as it is', () => {
  const error = new TypeError('a bug');
  expect(toRunError(error, 'w')).toBe(error);
});
