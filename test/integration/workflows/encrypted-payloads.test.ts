/** What Temporal keeps of runs when keys are given: no value in clear text, and everything readable for those who hold the keys. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, type Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../../../api/server.ts';
import { TASK_QUEUES } from '../../../contracts/config.ts';
import { PayloadKeys } from '../../../contracts/payload-keys.ts';
import { dataConverterFor } from '../../../security/data-converter.ts';
import { locateTemporal } from '../../../stack/temporal-programs.ts';
import { readSchedule, setSchedule } from '../../../workers/schedules.ts';
import { startWorker, type RunningWorker } from '../../../workers/start-worker.ts';
import {
  attachRun,
  pauseRun,
  readProgress,
  readRunInput,
  resumeRun,
  setRunParallel,
  startRun,
  waitForRun,
  type RunHandle,
} from '../../../workers/starter.ts';
import { WORKER_KINDS } from '../../../workers/worker-kind.ts';
import { openPlatform, type Platform } from './platform.ts';

const MARK = 'Ada.Lovelace@example.com';
const keyOf = (id: string) => [id, Buffer.alloc(32, id.charCodeAt(0))] as const;
const OLD = new PayloadKeys([keyOf('old-key')]);
const ROTATED = new PayloadKeys([keyOf('new-key'), keyOf('old-key')]);
const OTHER = new PayloadKeys([keyOf('third-key')]);

const { History } = proto.temporal.api.history.v1;
const { DescribeWorkflowExecutionResponse, DescribeScheduleResponse } = proto.temporal.api.workflowservice.v1;

let platform: Platform;
let server: RunningServer;
beforeAll(async () => {
  platform = await openPlatform(undefined, {}, OLD);
  server = await startServer(platform.settings, { host: '127.0.0.1', port: 0 });
  platform.writeInput(
    'a.csv',
    Array.from({ length: 8 }, (_, index) => `2001-01-0${index + 1}T06:00:00Z,JFK,${index}`),
  );
  await waitForRun(await startRun(platform.client, 'ingest', { project: platform.project, source: 'flights' }));
});
afterAll(async () => {
  await server?.close();
  await platform?.close();
});

/** A client of the same namespace with other keys. */
function clientWith(keys: PayloadKeys | null): Client {
  const connection = platform.client.connection as Connection;
  const { namespace } = platform.settings.temporal;
  return new Client({ connection, namespace, dataConverter: dataConverterFor(keys) });
}

/** A build whose spine names a person. */
const build = (name: string) => ({
  ...{ project: platform.project, name, features: ['latest:delay'] },
  spine: { query: `select date as event_timestamp, origin, '${MARK}' as passenger from flights` },
});

/** All that the server holds of a run, as it travels. */
async function heldOf({ workflowId, id }: Pick<RunHandle, 'workflowId' | 'id'>): Promise<Buffer> {
  const handle = platform.client.workflow.getHandle(workflowId, id);
  const history = History.encode(await handle.fetchHistory()).finish();
  const { raw } = await handle.describe();
  return Buffer.concat([history, DescribeWorkflowExecutionResponse.encode(raw).finish()]);
}

describe('with keys', () => {
  it('no history, description or schedule holds a value in clear text, and holders of the key read it', async () => {
    const { client, project } = platform;
    const run = await startRun(client, 'buildTrainingDataset', build('marked'));
    expect(await waitForRun(run)).toMatchObject({ rows: 8 });
    expect(await readRunInput(run)).toEqual(build('marked'));
    const held = await heldOf(run);
    expect(held.includes('old-key')).toBe(true);
    expect(held.includes(MARK)).toBe(false);
    expect(held.includes('latest:delay')).toBe(false);
    const description = await client.workflow.getHandle(run.workflowId).describe();
    expect(await description.staticDetails()).toContain(MARK);

    const key = { project, name: 'dataset/marked' };
    const times = {
      ...{ cron: ['0 0 1 1 *'], everyMicros: null, offsetMicros: 0, timezone: 'UTC' },
      ...{ jitterMicros: 0, overlap: null, catchupMicros: null },
    };
    await setSchedule(client, key, { work: { workflow: 'buildTrainingDataset', input: build('marked') }, times });
    const schedule = await readSchedule(client, key);
    expect(schedule.work.input).toEqual(build('marked'));
    const { raw } = await client.schedule.getHandle(schedule.scheduleId).describe();
    const bytes = Buffer.from(DescribeScheduleResponse.encode(raw).finish());
    expect(bytes.includes('buildTrainingDataset')).toBe(true);
    expect(bytes.includes(MARK)).toBe(false);
  });

  it('failures hide their messages too, and a client with the key reads code and message', async () => {
    const { client, project } = platform;
    const spine = { query: `select date as event_timestamp, "${MARK}" from flights` };
    const run = await startRun(client, 'buildTrainingDataset', { project, name: 'bad', features: ['latest'], spine });
    const failure: unknown = await waitForRun(run).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'AsofError', message: expect.stringContaining(MARK) as string });
    const held = await heldOf(run);
    expect(held.includes('Encoded failure')).toBe(true);
    expect(held.includes(MARK)).toBe(false);
    const refused = clientWith(OLD).workflow.execute('ingest', {
      ...{ taskQueue: TASK_QUEUES.orchestration, workflowId: 'wrong' },
      args: [{ project, [MARK]: 'flights' }],
    });
    await expect(refused).rejects.toMatchObject({ cause: { message: expect.stringContaining(MARK) as string } });
    const { runId } = await platform.client.workflow.getHandle('wrong').describe();
    expect((await heldOf({ workflowId: 'wrong', id: runId })).includes(MARK)).toBe(false);
  });

  it('what was started without encryption is taken, and answered encrypted', async () => {
    const { client, project } = platform;
    const plain = await startRun(clientWith(null), 'materialize', { project, views: ['latest'] });
    const result = await waitForRun(attachRun(client, plain));
    expect(result.views).toMatchObject([{ view: 'latest', written: 1 }]);
    await expect(waitForRun(plain)).rejects.toMatchObject({ code: 'PAYLOAD_KEY_UNKNOWN' });
  });
});

describe('a key that is not there', () => {
  it('is named to a client, which gets nothing', async () => {
    const run = await startRun(platform.client, 'materialize', { project: platform.project, views: ['delays'] });
    await waitForRun(run);
    const refused = { code: 'PAYLOAD_KEY_UNKNOWN', details: { key: 'old-key', known: ['third-key'] } };
    const stranger = attachRun(clientWith(OTHER), run);
    await expect(waitForRun(stranger)).rejects.toMatchObject(refused);
    await expect(readRunInput(stranger)).rejects.toMatchObject(refused);
  });

  it('holds up a run that was started with it, and the history names it', async () => {
    const { project } = platform;
    const stranger = clientWith(OTHER);
    const run = await startRun(stranger, 'materialize', { project, views: ['delays', 'latest'] });
    const handle = stranger.workflow.getHandle(run.workflowId, run.id);
    const failedTask = async () => {
      const { events = [] } = await handle.fetchHistory();
      return (events ?? []).find((event) => event.workflowTaskFailedEventAttributes);
    };
    await expect.poll(failedTask, { timeout: 30_000, interval: 200 }).toBeDefined();
    const { failure } = (await failedTask())!.workflowTaskFailedEventAttributes!;
    const [decoded] = await decode([failure!.encodedAttributes!]);
    expect(decoded).toContain('the key third-key, which this process does not have (it has: old-key)');
    await handle.terminate('the test is over');
  });
});

interface RawPayload {
  readonly metadata?: Readonly<Record<string, Uint8Array>> | null;
  readonly data?: Uint8Array | null;
}

function post(direction: string, payloads: readonly object[], headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/v1/codec/${direction}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-namespace': platform.settings.temporal.namespace, ...headers },
    body: JSON.stringify({ payloads }),
  });
}

/** Through the endpoint, as Temporal's pages do it. */
async function decode(payloads: readonly RawPayload[]): Promise<readonly string[]> {
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
  const bodies = payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, text(bytes)])),
    data: text(data),
  }));
  const response = await post('decode', bodies);
  expect(response.status).toBe(200);
  const answer = (await response.json()) as { payloads: { metadata: { encoding: string }; data: string }[] };
  return answer.payloads.map(({ data }) => Buffer.from(data, 'base64').toString());
}

describe('the codec endpoint', () => {
  it('gives Temporal’s own command line the values that the server does not have', async () => {
    const { client } = platform;
    const run = await startRun(client, 'buildTrainingDataset', build('shown'));
    await waitForRun(run);
    const located = await locateTemporal();
    if (!located.found) throw new Error('the temporal program is nowhere');
    const { address, namespace } = platform.settings.temporal;
    const show = async (...more: readonly string[]): Promise<string> => {
      const place = ['--address', address!, '--namespace', namespace, '--workflow-id', run.workflowId];
      const { stdout } = await promisify(execFile)(located.program, ['workflow', 'show', ...place, ...more]);
      return stdout;
    };
    const inBase64 = Buffer.from(JSON.stringify(build('shown'))).toString('base64');
    expect(await show('--output', 'json')).not.toContain(inBase64);
    expect(await show('--output', 'json', '--codec-endpoint', `${server.url}/v1/codec`)).toContain(inBase64);
  });

  it('encodes what it decodes, and passes through what is not encrypted', async () => {
    const plain = { metadata: { encoding: btoa('json/plain') }, data: btoa('"a"') };
    const encoded = (await (await post('encode', [plain])).json()) as { payloads: { data: string }[] };
    expect(encoded.payloads[0]).not.toEqual(plain);
    expect(await (await post('decode', [...encoded.payloads, plain])).json()).toEqual({ payloads: [plain, plain] });
  });

  it('names a key that it does not have, and an endless or changed payload', async () => {
    const sealed = (id: string, data: string) => ({
      metadata: { encoding: btoa('binary/encrypted'), 'encryption-key-id': btoa(id) },
      data: btoa(data),
    });
    const unknown = await post('decode', [sealed('lost-key', 'x'.repeat(60))]);
    expect(unknown.status).toBe(500);
    expect(await unknown.json()).toMatchObject({ code: 'PAYLOAD_KEY_UNKNOWN', details: { key: 'lost-key' } });
    const changed = await post('decode', [sealed('old-key', 'x'.repeat(60))]);
    expect(await changed.json()).toMatchObject({ code: 'PAYLOAD_UNREADABLE' });
    expect((await post('decode', [{ metadata: 7 }])).status).toBe(400);
  });

  it('serves pages of this machine, and refuses those of any other origin', async () => {
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${server.url}/v1/codec/decode`, { method: 'OPTIONS', headers: { origin } });
    const own = 'http://localhost:8233';
    const allowed = await preflight(own);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(own);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('x-namespace');
    expect((await post('decode', [], { origin: own })).headers.get('access-control-allow-origin')).toBe(own);
    for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'null']) {
      expect((await preflight(origin)).status).toBe(403);
      expect((await post('decode', [], { origin })).status).toBe(403);
    }
  });

  it('is not there without keys', async () => {
    const { payloadKeys: _, ...bare } = platform.settings.temporal;
    const other = await startServer({ ...platform.settings, temporal: bare }, { host: '127.0.0.1', port: 0 });
    try {
      expect((await fetch(`${other.url}/v1/codec/decode`, { method: 'POST' })).status).toBe(404);
    } finally {
      await other.close();
    }
  });
});

it('workers that come back with a rotated key in the middle of a run go on', { timeout: 120_000 }, async () => {
  const own = await openPlatform([], {}, OLD);
  const crew = async (payloadKeys: PayloadKeys) => {
    const settings = { ...own.settings, temporal: { ...own.settings.temporal, payloadKeys } };
    const workers = await Promise.all(WORKER_KINDS.map((kind) => startWorker(kind, settings)));
    const running = Promise.all(workers.map((worker: RunningWorker) => worker.run()));
    return async () => {
      for (const worker of workers) worker.shutdown();
      await running;
    };
  };
  let stop = await crew(OLD);
  try {
    own.writeInput('a.csv', ['2001-01-01T06:00:00Z,JFK,1', '2001-01-09T06:00:00Z,JFK,2']);
    await waitForRun(await startRun(own.client, 'ingest', { project: own.project, source: 'flights' }));
    const range = { from: '2001-01-01', to: '2001-01-10', parallel: 1 };
    const before = await startRun(own.client, 'backfill', { project: own.project, view: 'latest', ...range });
    await pauseRun(before);
    await expect.poll(async () => (await readProgress(before))?.step).toBe('paused');
    await stop();

    stop = await crew(ROTATED);
    const connection = own.client.connection as Connection;
    const { namespace } = own.settings.temporal;
    const client = new Client({ connection, namespace, dataConverter: dataConverterFor(ROTATED) });
    const run = attachRun(client, before);
    expect(await setRunParallel(run, 3)).toBe(3);
    await resumeRun(run);
    expect(await waitForRun(run)).toMatchObject({ intervals: 9, done: 9, failed: [] });
    const history = Buffer.from(
      History.encode(await client.workflow.getHandle(run.workflowId, run.id).fetchHistory()).finish(),
    );
    expect([history.includes('old-key'), history.includes('new-key')]).toEqual([true, true]);
    // who has the old key alone is told which is missing
    await expect(waitForRun(before)).rejects.toMatchObject({ details: { key: 'new-key', known: ['old-key'] } });
  } finally {
    await stop();
    await own.close();
  }
});
