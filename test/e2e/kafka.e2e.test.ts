/** A topic from the command line: a broker beside the stack, ingestion, the values of its events. */
import { readFileSync } from 'node:fs';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IngestResult } from '../../contracts/runs.ts';
import type { OnlineFeaturesResult } from '../../online/feature-document.ts';
import { poll } from './support/polling.ts';
import { createProject, type Project } from './support/project.ts';

const FEATURES = `import { count, entity, featureView, kafkaSource } from 'asof';

export const user = entity('user', { keys: { user: 'string' } });
export const clicks = kafkaSource('clicks', {
  topic: 'raw_events', timestamp: 'ts', eventId: 'id', schema: { ts: 'timestamp', id: 'int64', user: 'string' },
});
export const userClicks = featureView('user_clicks', {
  entities: [user], source: clicks, online: true, features: { clicks_1h: count({ window: '1h' }) },
});
`;

let project: Project;
beforeAll(async () => {
  project = createProject();
  const config = `import { defineConfig } from 'asof';\nexport default defineConfig({ project: 'clicks', definitions: 'features.ts' });\n`;
  project.write('asof.config.ts', config);
  project.write('features.ts', FEATURES);
  await project.run('dev', '--detach', '--with', 'kafka');
  await project.run('apply', '--yes');
}, 600_000);
afterAll(() => project.close(), 120_000);

async function send(...values: readonly string[]): Promise<void> {
  const { brokers } = project.stack().kafka!;
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'raw_events', numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic: 'raw_events', messages: values.map((value) => ({ value })) });
  await producer.disconnect();
}

const click = (id: number, minute: string): string => `{"ts":"2024-01-01T10:${minute}:00Z","id":${id},"user":"u1"}`;

it('lands each message once, and counts an event that was sent twice once', async () => {
  expect(project.pidOf('kafka')).toBeGreaterThan(0);
  await send(click(1, '00'), click(1, '00'), 'poison', click(2, '05'));
  expect(await project.run<IngestResult>('ingest', 'clicks')).toMatchObject({
    rowsIn: 4,
    committed: 3,
    quarantined: 1,
    deduplicated: 0,
  });
  await send(click(3, '10'));
  expect(await project.run<IngestResult>('ingest', 'clicks')).toMatchObject({ rowsIn: 1, committed: 1 });
  expect(await project.run<IngestResult>('ingest', 'clicks')).toMatchObject({ rowsIn: 0, inputs: 0 });
  expect(await project.run('describe', 'clicks')).toMatchObject({
    topic: { name: 'raw_events', positions: { 0: '5' }, lost: [] },
    conservation: { rowsIn: 5, committed: 4, quarantined: 1 },
  });
  expect(await project.fail(2, 'ingest', 'clicks', '--from', '2024-01-01')).toMatchObject({ code: 'INVALID_RANGE' });
  const spine = project.write('spine.csv', 'user,event_timestamp\nu1,2024-01-01T10:30:00Z\n');
  const out = project.file('out.csv');
  await project.run('historical', '--spine', spine, '--features', 'user_clicks:clicks_1h', '--out', out);
  expect(readFileSync(out, 'utf8')).toBe('user,event_timestamp,user_clicks__clicks_1h\nu1,2024-01-01T10:30:00Z,3\n');
});

/** What the server has in Redis of the user's hour. */
async function readOnline(): Promise<unknown> {
  const response = await fetch(`${project.stack().api.url}/v1/online-features`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      features: ['user_clicks:clicks_1h'],
      entities: { user: ['u1'] },
      at: '2024-01-01T10:30:00Z',
    }),
  });
  const { results } = (await response.json()) as OnlineFeaturesResult;
  return results[1]!.served_from[0] === 'online' ? results[1]!.values[0] : undefined;
}

it('streams: what is there and what comes is online until it is told to stop', async () => {
  interface Started {
    readonly run: string;
    readonly step: string;
  }
  expect(await project.fail(2, 'stream', 'start', 'nothing')).toMatchObject({ code: 'UNKNOWN_NAME' });
  expect(await project.fail(1, 'stream', 'status', 'user_clicks')).toMatchObject({ code: 'CONFLICT' });
  const started = await project.run<Started>('stream', 'start', 'user_clicks');
  expect(started.step).toBe('consuming');
  expect(await project.run<Started>('stream', 'start', 'user_clicks')).toEqual(started);
  await poll(async () => ((await readOnline()) === 3 ? true : undefined));
  await send('poison', click(4, '15'), click(4, '15'));
  await poll(async () => ((await readOnline()) === 4 ? true : undefined));
  const status = await poll(async () => {
    const told = await project.run<{ readonly applied: number }>('stream', 'status', 'user_clicks');
    return told.applied === 2 ? told : undefined;
  });
  expect(status).toMatchObject({
    state: 'running',
    step: 'consume',
    rejected: 1,
    partitions: [{ partition: 0, lag: '0' }],
  });
  expect(await project.run('stream', 'stop', 'user_clicks')).toMatchObject({
    run: started.run,
    applied: 2,
    rejected: 1,
  });
  expect(await project.fail(1, 'stream', 'stop', 'user_clicks')).toMatchObject({ code: 'CONFLICT' });
  expect(await project.run('stream', 'status', 'user_clicks')).toMatchObject({ state: 'ended' });
});
