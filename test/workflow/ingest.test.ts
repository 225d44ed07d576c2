import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IngestionActivities } from '../../activities/ingestion-activities.ts';
import { AsofError } from '../../contracts/errors.ts';
import type { IngestResult, RunProgress } from '../../contracts/runs.ts';
import { cancelRun, startRun, waitForRun } from '../../workers/starter.ts';
import { openOrchestra } from './open-orchestra.ts';
import type { Orchestra } from './orchestra.ts';

const RESULT: IngestResult = {
  source: 'flights',
  snapshot: 3,
  inputs: 7,
  unchangedInputs: 1,
  rowsIn: 70,
  committed: 69,
  quarantined: 1,
  deduplicated: 0,
  warnings: [],
};

let orchestra: Orchestra;
beforeAll(async () => {
  orchestra = await openOrchestra();
});
afterAll(() => orchestra.close());

/** Seven groups of ten rows; `calls` says in which order the steps came. */
function recordingActivities(calls: string[], changes: Partial<IngestionActivities> = {}): IngestionActivities {
  return {
    async planIngestion() {
      calls.push('plan');
      return { planUri: 'staging/plan.json', groups: 7, rows: 70 };
    },
    async stageGroups({ groups }) {
      calls.push('stage');
      return { rows: groups.length * 10 };
    },
    async auditIngestion() {
      calls.push('audit');
      return { warnings: [] };
    },
    async publishIngestion() {
      calls.push('publish');
      return RESULT;
    },
    ...changes,
  };
}

const input = (source: string) => ({ project: 'flights', source });

it('stages every group, then audits, then publishes once, and records the run', async () => {
  const calls: string[] = [];
  await orchestra.perform(recordingActivities(calls), async (book) => {
    const seen: RunProgress[] = [];
    const run = await startRun(orchestra.client, 'ingest', input('whole'));
    expect(await waitForRun(run, (progress) => seen.push(progress), { intervalMillis: 20 })).toEqual(RESULT);
    expect(calls).toEqual(['plan', ...Array<string>(7).fill('stage'), 'audit', 'publish']);
    expect(seen.at(-1)).toMatchObject({ total: 7, unit: 'groups', failed: 0 });
    expect(book.begun).toEqual([
      { id: run.id, workflowId: 'ingest/flights/whole', workflow: 'ingest', project: 'flights', target: 'whole' },
    ]);
    expect(book.ended).toMatchObject([{ id: run.id, state: 'completed', result: RESULT, error: null }]);
  });
});

it('ends with the code of a quality gate, publishes nothing and records the failure', async () => {
  const calls: string[] = [];
  const activities = recordingActivities(calls, {
    async auditIngestion() {
      throw new AsofError('QUALITY_GATE', { where: 'source gate', problem: '3 of 70 rows have no origin' });
    },
  });
  await orchestra.perform(activities, async (book) => {
    const run = await startRun(orchestra.client, 'ingest', input('gate'));
    const failure = await waitForRun(run).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AsofError);
    expect(failure).toMatchObject({
      code: 'QUALITY_GATE',
      exitCode: 3,
      message: 'source gate: quality gate refused the data: 3 of 70 rows have no origin',
    });
    expect(calls).not.toContain('publish');
    expect(book.ended).toMatchObject([{ state: 'failed', error: { code: 'QUALITY_GATE' } }]);
  });
});

it('retries what may succeed later and gives up a bug after three attempts', async () => {
  let plans = 0;
  let publications = 0;
  const activities = recordingActivities([], {
    async planIngestion() {
      if (++plans < 3) throw new AsofError('CATALOG_UNAVAILABLE', { problem: 'restarting' });
      return { planUri: 'staging/plan.json', groups: 0, rows: 0 };
    },
    async publishIngestion() {
      publications++;
      throw new TypeError('undefined is not a function');
    },
  });
  await orchestra.perform(activities, async () => {
    const run = await startRun(orchestra.client, 'ingest', input('flaky'));
    await expect(waitForRun(run)).rejects.toMatchObject({ code: 'INTERNAL', message: 'undefined is not a function' });
    expect({ plans, publications }).toEqual({ plans: 3, publications: 3 });
  });
});

it('interrupts the work under way when cancelled, and ends as cancelled', async () => {
  let interrupted = 0;
  const activities = recordingActivities([], {
    async stageGroups() {
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), 50);
      try {
        await context.sleep('30 seconds');
        return { rows: 0 };
      } catch {
        interrupted++;
        throw new AsofError('CANCELLED', { where: 'stage' });
      } finally {
        clearInterval(beat);
      }
    },
  });
  await orchestra.perform(activities, async (book) => {
    const run = await startRun(orchestra.client, 'ingest', input('cancelled'));
    await expect.poll(() => book.begun.length, { timeout: 30_000 }).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await cancelRun(run);
    await expect(waitForRun(run)).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
    expect(interrupted).toBe(7);
    expect(book.ended).toMatchObject([{ state: 'cancelled', error: { code: 'RUN_CANCELLED' } }]);
    const { status } = await orchestra.client.workflow.getHandle(run.workflowId, run.id).describe();
    expect(status.name).toBe('CANCELLED');
  });
});

it('lets a second start of the same work join the first, and a later one run anew', async () => {
  let plans = 0;
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const activities = recordingActivities([], {
    async planIngestion() {
      plans++;
      await held;
      return { planUri: 'staging/plan.json', groups: 0, rows: 0 };
    },
  });
  await orchestra.perform(activities, async () => {
    const first = await startRun(orchestra.client, 'ingest', input('joined'));
    const second = await startRun(orchestra.client, 'ingest', input('joined'));
    expect(second.id).toBe(first.id);
    release();
    await Promise.all([waitForRun(first), waitForRun(second)]);
    const third = await startRun(orchestra.client, 'ingest', input('joined'));
    expect(third.id).not.toBe(first.id);
    await waitForRun(third);
    expect(plans).toBe(2);
  });
});

it('refuses a wrong input at once, naming the field, when started around the starter', async () => {
  await orchestra.perform(recordingActivities([]), async (book) => {
    const started = orchestra.client.workflow.execute('ingest', {
      taskQueue: 'asof-orchestration',
      workflowId: 'wrong',
      args: [{ project: 'flights', sorce: 'flights' }],
    });
    await expect(started).rejects.toMatchObject({
      cause: {
        type: 'INVALID_VALUE',
        message: 'ingest input, field "sorce": is not known; known: project, source, from, to, window',
      },
    });
    expect(book).toEqual({ begun: [], ended: [] });
  });
});

it('shows itself in the Temporal UI: summary, details and search attributes', async () => {
  await orchestra.perform(recordingActivities([]), async () => {
    const run = await startRun(orchestra.client, 'ingest', input('shown'));
    await waitForRun(run);
    const handle = orchestra.client.workflow.getHandle(run.workflowId, run.id);
    const description = await handle.describe();
    expect(description.typedSearchAttributes.toJSON()).toContainEqual({
      key: { name: 'AsofProject', type: 'KEYWORD' },
      value: 'flights',
    });
    expect(await description.staticSummary()).toBe('Ingest shown');
    const history = await handle.fetchHistory();
    const activities = (history.events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
    expect(activities.every((event) => event.userMetadata?.summary)).toBe(true);
  });
});
