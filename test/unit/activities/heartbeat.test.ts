import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { withPulse, withSignal } from '../../../activities/heartbeat.ts';

const readCount = (details: unknown): number | undefined => (typeof details === 'number' ? details : undefined);

/** The environment of one attempt, and the details of the heartbeats that it sent. */
function attempt(heartbeatDetails?: unknown) {
  const environment = new MockActivityEnvironment({ heartbeatDetails });
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(details));
  return { environment, beats };
}

describe('withPulse', () => {
  it('beats at once and with each report, and hands on what an earlier attempt reported, zero included', async () => {
    const { environment, beats } = attempt(0);
    const resumed = await environment.run(() =>
      withPulse(readCount, async (pulse) => {
        pulse.report(1);
        pulse.report(2);
        return pulse.resumed;
      }),
    );
    expect(resumed).toBe(0);
    expect(beats).toEqual([0, 1, 2]);
  });

  it('starts from the beginning when the details are of another kind', async () => {
    const { environment } = attempt({ version: 'unknown' });
    expect(await environment.run(() => withPulse(readCount, async ({ resumed }) => resumed))).toBeUndefined();
  });

  it('keeps beating while a single long step runs, and stops with the work', async () => {
    const { environment, beats } = attempt();
    await environment.run(() => withSignal(() => new Promise((resolve) => setTimeout(resolve, 2300))));
    const during = beats.length;
    expect(during).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 2300));
    expect(beats.length).toBe(during);
  });

  it('passes a cancellation to the work', async () => {
    const { environment } = attempt();
    const work = environment.run(() =>
      withSignal(
        (signal) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('interrupted')))),
      ),
    );
    environment.cancel();
    await expect(work).rejects.toThrow('interrupted');
  });
});
