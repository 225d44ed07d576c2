/** What `runStream` decides by itself: when values are made anew, who consumes, when it begins anew, and how it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { ConsumerActivities, TopicConsumed } from '../../activities/consumer-activities.ts';
import type { IngestionActivities } from '../../activities/ingestion-activities.ts';
import type { MaterializationActivities } from '../../activities/materialization-activities.ts';
import type { MaterializationPlanActivities } from '../../activities/materialization-plan-activities.ts';
import type { StreamPlanActivities } from '../../activities/stream-plan-activities.ts';
import { AsofError } from '../../contracts/errors.ts';
import { RUN_MESSAGES } from '../../contracts/run-messages.ts';
import {
  NOTHING_STREAMED,
  type RunStreamInput,
  type StreamReport,
  type StreamStatus,
} from '../../contracts/streams.ts';
import { setStreamConsumers, startRun, stopRun, waitForRun, type RunHandle } from '../../workers/starter.ts';
import { openOrchestra } from './open-orchestra.ts';
import type { Orchestra } from './orchestra.ts';

const MINUTE_MILLIS = 60_000;

// a worker that is lost is missed after twelve seconds, and a history grows long by hundreds of messages
vi.setConfig({ testTimeout: 5 * MINUTE_MILLIS });

let orchestra: Orchestra;
beforeAll(async () => {
  orchestra = await openOrchestra();
});
afterAll(() => orchestra.close());

/** What happened, in order: `plan`, `land`, `write`, and `consume` for each attempt of a consumer. */
let log: string[];
/** How consumers end, unless they are told to. */
let endings: (() => Promise<TopicConsumed | undefined>)[];
/** The version that is applied. */
let applied: string;
beforeEach(() => {
  log = [];
  endings = [];
  applied = 'f1';
});

const report = (applied: number): StreamReport => ({ ...NOTHING_STREAMED, applied });

/** A consumer that applies ten rows and waits until it is cancelled; `endings` come first, one for each attempt. */
async function consumeTopic(): Promise<TopicConsumed> {
  log.push('consume');
  const context = Context.current();
  const resumed = (context.info.heartbeatDetails as StreamReport | undefined)?.applied ?? 0;
  const told = report(resumed + 10);
  context.heartbeat(told);
  const ended = await endings.shift()?.();
  if (ended !== undefined) return ended;
  const timer = setInterval(() => context.heartbeat(told), 100);
  await context.cancelled.catch(() => undefined).finally(() => clearInterval(timer));
  return { contentLost: false, report: told };
}

type Faked = StreamPlanActivities &
  ConsumerActivities &
  IngestionActivities &
  MaterializationPlanActivities &
  MaterializationActivities;

function activities(changes: Partial<Faked> = {}): Faked {
  return {
    async planStream() {
      log.push('plan');
      return { definitions: 'd', fingerprint: applied, source: 'clicks' };
    },
    observeStream: async () => ({ applied, report: NOTHING_STREAMED }),
    consumeTopic,
    planIngestion: async () => ({ planUri: 'staging/plan.json', groups: 0, rows: 0 }),
    stageGroups: async () => ({ rows: 0 }),
    auditIngestion: async () => ({ warnings: [] }),
    async publishIngestion() {
      log.push('land');
      const counts = { inputs: 0, unchangedInputs: 0, rowsIn: 0, committed: 0, quarantined: 0, deduplicated: 0 };
      return { source: 'clicks', snapshot: 1, ...counts, warnings: [] };
    },
    planMaterialization: async ({ views }) => ({ definitions: 'd', to: '2024-01-01T00:00:00.000000Z', views }),
    async materializeView({ view, to }) {
      log.push('write');
      return { view, fingerprint: applied, snapshot: 1, to, written: 0, unchanged: 0 };
    },
    ...changes,
  };
}

function start(view: string, more: Partial<RunStreamInput> = {}): Promise<RunHandle<'runStream'>> {
  return startRun(orchestra.client, 'runStream', { project: 'clicks', view, landEvery: '1s', ...more });
}

const statusOf = ({ workflowId }: RunHandle): Promise<StreamStatus> =>
  orchestra.client.workflow.getHandle(workflowId).query<StreamStatus>(RUN_MESSAGES.status);

const consuming = (count: number) => () => expect(log.filter((one) => one === 'consume')).toHaveLength(count);

const PATIENT = { timeout: 2 * MINUTE_MILLIS };
const PREPARED = ['plan', 'land', 'write'];

it('lands, materializes and consumes, changes its consumers, and ends as completed when it is told to stop', async () => {
  await orchestra.perform(activities(), async (book) => {
    const run = await start('stopped');
    expect(run.workflowId).toBe('stream/clicks/stopped');
    await vi.waitFor(consuming(1), PATIENT);
    expect(log).toEqual([...PREPARED, 'consume']);
    expect(await setStreamConsumers(run, 3)).toBe(3);
    await vi.waitFor(consuming(4), PATIENT);
    // of the one that has ended; the others tell when they do
    expect(await statusOf(run)).toMatchObject({ step: 'consume', consumers: 3, ended: { applied: 10 } });
    await stopRun(run);
    expect(await waitForRun(run)).toMatchObject({ view: 'stopped', fingerprint: 'f1', applied: 40, rebuilt: 0 });
    expect(log.filter((one) => one === 'plan')).toHaveLength(1);
    const ended = book.ended.filter(({ workflow }) => workflow === 'runStream');
    expect(ended).toMatchObject([{ state: 'completed', target: 'stopped', outputs: ['online:view:stopped'] }]);
  });
});

it('stops while it lands, too, and leaves the landing to itself', async () => {
  let land = (): void => undefined;
  const landing = new Promise<void>((resolve) => (land = resolve));
  let begun = false;
  const held = activities({
    async auditIngestion() {
      begun = true;
      const timer = setInterval(() => Context.current().heartbeat(), 100);
      await landing.finally(() => clearInterval(timer));
      return { warnings: [] };
    },
  });
  await orchestra.perform(held, async (book) => {
    const run = await start('early');
    await vi.waitFor(() => expect(begun).toBe(true), PATIENT);
    expect(await statusOf(run)).toMatchObject({ step: 'land' });
    await stopRun(run);
    expect(await waitForRun(run)).toMatchObject({ fingerprint: null, applied: 0, landed: 0 });
    expect(log).toEqual(['plan']);
    land();
    await vi.waitFor(() => expect(book.ended.map(({ workflow }) => workflow)).toContain('ingest'), PATIENT);
    expect(book.ended.find(({ workflow }) => workflow === 'ingest')).toMatchObject({ state: 'completed' });
  });
});

it('a consumer whose worker is lost is begun again from what it told last', async () => {
  // a worker that is gone neither heartbeats nor answers; ours must, for the test to end
  let end = (): void => undefined;
  const lost = new Promise<undefined>((resolve) => (end = () => resolve(undefined)));
  endings.push(() => lost);
  await orchestra.perform(activities(), async () => {
    const run = await start('lost');
    await vi.waitFor(consuming(2), PATIENT);
    end();
    await stopRun(run);
    expect(await waitForRun(run)).toMatchObject({ applied: 20, rebuilt: 0 });
    expect(log).toEqual([...PREPARED, 'consume', 'consume']);
  });
});

it('values that Redis lost are made anew, and consumed on from there', async () => {
  endings.push(async () => ({ contentLost: true, report: report(7) }));
  await orchestra.perform(activities(), async () => {
    const run = await start('rebuilt', { consumers: 2 });
    await vi.waitFor(consuming(4), PATIENT);
    expect(log.filter((one) => one !== 'consume')).toEqual([...PREPARED, ...PREPARED]);
    expect(await statusOf(run)).toMatchObject({ step: 'consume', rebuilt: 1, ended: { applied: 17 } });
    await stopRun(run);
    expect(await waitForRun(run)).toMatchObject({ applied: 37, rebuilt: 1 });
  });
});

it('a view that is changed is begun again as its new version', async () => {
  await orchestra.perform(activities(), async () => {
    const run = await start('changed');
    await vi.waitFor(consuming(1), PATIENT);
    applied = 'f2';
    await vi.waitFor(consuming(2), PATIENT);
    expect(await statusOf(run)).toMatchObject({ fingerprint: 'f2' });
    await stopRun(run);
    expect(await waitForRun(run)).toMatchObject({ fingerprint: 'f2', applied: 20, rebuilt: 0 });
    expect(log).toEqual([...PREPARED, 'consume', ...PREPARED, 'consume']);
  });
});

it('waits for a materialization that is at work, and makes its own after it', async () => {
  const gates: (() => void)[] = [];
  const held = activities({
    async materializeView({ view, to }) {
      const timer = setInterval(() => Context.current().heartbeat(), 100);
      await new Promise<void>((resolve) => void gates.push(resolve)).finally(() => clearInterval(timer));
      log.push('write');
      return { view, fingerprint: applied, snapshot: 1, to, written: 0, unchanged: 0 };
    },
  });
  await orchestra.perform(held, async () => {
    const { client } = orchestra;
    const other = await startRun(client, 'materialize', { project: 'clicks', views: ['held'] });
    await vi.waitFor(() => expect(gates).toHaveLength(1), PATIENT);
    const run = await start('held');
    await vi.waitFor(async () => expect(await statusOf(run)).toMatchObject({ step: 'materialize' }), PATIENT);
    // it tries again and again, and finds the other run at work
    await sleep(3000);
    expect(gates).toHaveLength(1);
    expect(log).toEqual(['plan', 'land']);
    gates[0]!();
    await waitForRun(other);
    await vi.waitFor(() => expect(gates).toHaveLength(2), PATIENT);
    gates[1]!();
    await vi.waitFor(consuming(1), PATIENT);
    expect(log).toEqual(['plan', 'land', 'write', 'write', 'consume']);
    await stopRun(run);
    await waitForRun(run);
  });
});

it('waits out what passes before it consumes, and says why', async () => {
  let broken = true;
  const away = activities({
    async planStream() {
      if (broken) throw new AsofError('NOTHING_APPLIED', { project: 'clicks' });
      return { definitions: 'd', fingerprint: applied, source: 'clicks' };
    },
    async publishIngestion() {
      if (log.push('land') === 1) throw new AsofError('CONFLICT', { where: 'clicks', problem: 'somebody else landed' });
      const counts = { inputs: 0, unchangedInputs: 0, rowsIn: 0, committed: 0, quarantined: 0, deduplicated: 0 };
      return { source: 'clicks', snapshot: 1, ...counts, warnings: [] };
    },
  });
  await orchestra.perform(away, async () => {
    await expect(waitForRun(await start('nothing'))).rejects.toMatchObject({ code: 'NOTHING_APPLIED' });
    broken = false;
    const run = await start('passing');
    await vi.waitFor(async () => expect((await statusOf(run)).problem).toContain('somebody else landed'), PATIENT);
    await vi.waitFor(consuming(1), PATIENT);
    expect(await statusOf(run)).toMatchObject({ step: 'consume', problem: null });
    await stopRun(run);
    await waitForRun(run);
  });
});

it('ends with what ends a consumer for good, after the others have ended', async () => {
  endings.push(async () => {
    throw new AsofError('INVALID_VALUE', { where: 'message 7', problem: 'breaks a rule' });
  });
  await orchestra.perform(activities(), async (book) => {
    const run = await start('refused', { consumers: 2 });
    await expect(waitForRun(run)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: 'message 7: breaks a rule' });
    expect(book.ended.at(-1)).toMatchObject({ workflow: 'runStream', state: 'failed' });
  });
});

it('continues as new before its history grows long, as one run with one record, and keeps what it knows', async () => {
  await orchestra.perform(activities(), async (book) => {
    const run = await start('long', { consumers: 2 });
    await vi.waitFor(consuming(2), PATIENT);
    const handle = orchestra.client.workflow.getHandle(run.workflowId);
    // messages that change nothing: an operator, or a program, that sets the number again and again
    while ((await handle.describe()).runId === run.id) {
      await Promise.all(Array.from({ length: 10 }, () => setStreamConsumers(run, 2)));
    }
    await vi.waitFor(consuming(4), PATIENT);
    expect(await statusOf(run)).toMatchObject({
      step: 'consume',
      fingerprint: 'f1',
      consumers: 2,
      ended: { applied: 20 },
    });
    const { events } = await orchestra.client.workflow.getHandle(run.workflowId, run.id).fetchHistory();
    expect(events!.length).toBeLessThan(2000);
    await stopRun(run);
    expect(await waitForRun(run)).toMatchObject({ applied: 40, rebuilt: 0 });
    // the values are there: nothing was planned, landed or materialized anew
    expect(log).toEqual([...PREPARED, ...Array<string>(4).fill('consume')]);
    const ofStreams = <T extends { readonly workflow: string }>(all: readonly T[]): readonly T[] =>
      all.filter(({ workflow }) => workflow === 'runStream');
    expect(ofStreams(book.begun)).toMatchObject([{ id: run.id }]);
    expect(ofStreams(book.ended)).toMatchObject([{ id: run.id, state: 'completed' }]);
  });
});
