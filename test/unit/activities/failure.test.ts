import { type ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';
import { toActivityFailure } from '../../../activities/failure.ts';
import { AsofError } from '../../../contracts/errors.ts';

const RUNNING = { attempt: 1, aborted: false, cancelRequested: false };
const CANCELLED = new AsofError('CANCELLED', { where: 'engine' });

describe('toActivityFailure', () => {
  it('keeps code, sentence and details of an error of ours, and whether it may pass', () => {
    const error = new AsofError('INTEGER_OVERFLOW', { where: 'view v', column: 'delay', sum: 2n ** 70n });
    expect(toActivityFailure(error, RUNNING)).toMatchObject({
      type: 'INTEGER_OVERFLOW',
      message: error.message,
      nonRetryable: true,
      details: [
        { code: 'INTEGER_OVERFLOW', details: { where: 'view v', column: 'delay', sum: '1180591620717411303424' } },
      ],
    });
    const passing = new AsofError('CATALOG_UNAVAILABLE', { problem: 'restarting' });
    expect(toActivityFailure(passing, RUNNING)).toMatchObject({ type: 'CATALOG_UNAVAILABLE', nonRetryable: false });
  });

  it('tries a bug three times', () => {
    const bug = new TypeError('x is not a function');
    const verdicts = [1, 2, 3].map((attempt) => toActivityFailure(bug, { ...RUNNING, attempt }));
    expect(verdicts.map((failure) => (failure as ApplicationFailure).nonRetryable)).toEqual([false, false, true]);
    expect(verdicts[0]).toMatchObject({ type: 'INTERNAL', message: 'x is not a function' });
  });

  it('tries a job of Spark three times, and a Spark that is away more often', () => {
    const verdicts = (error: AsofError) =>
      [1, 2, 3].map(
        (attempt) => (toActivityFailure(error, { ...RUNNING, attempt }) as ApplicationFailure).nonRetryable,
      );
    const failed = new AsofError('SPARK_FAILED', { address: 'thrift://spark', problem: 'boom' });
    expect(verdicts(failed)).toEqual([false, false, true]);
    const away = new AsofError('SPARK_UNAVAILABLE', { address: 'thrift://spark', problem: 'refused' });
    expect(verdicts(away)).toEqual([false, false, false]);
  });

  it('cuts a huge message and huge details so that the failure fits its payload', () => {
    const huge = 'x'.repeat(3_000_000);
    for (const error of [
      new Error(huge),
      new AsofError('INPUT_UNREADABLE', { where: 's', path: huge, problem: huge }),
    ]) {
      const { message, details } = toActivityFailure(error, RUNNING) as ApplicationFailure;
      expect(JSON.stringify({ message, details }).length).toBeLessThan(16_000);
    }
  });

  it('tells a cancellation of the run from a worker that shuts down', () => {
    expect(toActivityFailure(CANCELLED, { ...RUNNING, aborted: true, cancelRequested: true })).toBeInstanceOf(
      CancelledFailure,
    );
    expect(toActivityFailure(CANCELLED, { ...RUNNING, aborted: true })).toMatchObject({
      type: 'INTERRUPTED',
      nonRetryable: false,
    });
  });

  it('does not call a real failure a cancellation because one was asked for', () => {
    const error = new AsofError('LAKE_FILE_CORRUPT', { path: 'p', problem: 'truncated' });
    const failure = toActivityFailure(error, { ...RUNNING, aborted: true, cancelRequested: true });
    expect(failure).toMatchObject({ type: 'LAKE_FILE_CORRUPT' });
  });
});
