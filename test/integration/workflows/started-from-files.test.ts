/** `examples/runs`: each file is the input of a workflow as the Temporal UI, its command line or any client would send it. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_QUEUES } from '../../../contracts/config.ts';
import { WORKFLOW_NAMES } from '../../../contracts/run-messages.ts';
import { prepareData } from '../../../examples/flights/prepare.ts';
import { openPlatform, type Platform } from './platform.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const DIRECTORY = path.join(ROOT, 'examples/runs');

/** What comes later needs what comes before: rows, then tables of views, then a version to build once more. */
const FILES = [
  'ingest.json',
  'ingest.range.json',
  'backfill.json',
  'backfill.restate.json',
  'materialize.json',
  'buildTrainingDataset.json',
  'buildTrainingDataset.range.json',
  'buildTrainingDataset.rebuild.json',
  'maintain.json',
  'monitorFreshness.json',
  'checkConsistency.json',
] as const;

/** The example has no topic: what it would take is shown, and who starts it as it is learns so. */
const STREAM = 'runStream.json';

let platform: Platform;
beforeAll(async () => {
  platform = await openPlatform(undefined, { project: 'flights' });
  await platform.applyDefinitions(readFileSync(path.join(ROOT, 'examples/flights/features.ts'), 'utf8'));
  const data = path.join(platform.directory, 'data');
  mkdirSync(data);
  await prepareData(data, {
    ...{ flights: 2000, spineRows: 10, warmUpDays: 0, routes: 10, lastInstant: '2001-01-02T00:00:00Z' },
  });
});
afterAll(() => platform?.close());

/** The request that `temporal workflow start --input-file` and the UI make: the bytes of the text, called JSON. */
async function start(workflow: string, ...inputs: readonly Uint8Array[]): Promise<WorkflowHandle> {
  const { client, settings } = platform;
  const workflowId = randomUUID();
  await client.connection.workflowService.startWorkflowExecution({
    namespace: settings.temporal.namespace,
    workflowId,
    requestId: randomUUID(),
    workflowType: { name: workflow },
    taskQueue: { name: TASK_QUEUES.orchestration },
    input: { payloads: inputs.map((data) => ({ metadata: { encoding: Buffer.from('json/plain') }, data })) },
  });
  return client.workflow.getHandle(workflowId);
}

const workflowOf = (file: string): string => file.split('.')[0]!;

describe('an example of a run', () => {
  it('is there for every workflow type, and described', () => {
    expect(readdirSync(DIRECTORY).sort()).toEqual([...FILES, STREAM].sort());
    expect(new Set([...FILES, STREAM].map(workflowOf))).toEqual(new Set(WORKFLOW_NAMES));
    const text = readFileSync(path.join(ROOT, 'docs/temporal.md'), 'utf8');
    for (const file of [...FILES, STREAM]) expect(text).toContain(`\`${file}\``);
  });

  it.each(FILES)('%s is started as it is, and completes', async (file) => {
    const handle = await start(workflowOf(file), readFileSync(path.join(DIRECTORY, file)));
    expect(await handle.result()).toEqual(expect.any(Object));
    const { status, runId, typedSearchAttributes } = await handle.describe();
    expect(status.name).toBe('COMPLETED');
    expect(typedSearchAttributes.toJSON()).toContainEqual({
      key: { name: 'AsofProject', type: 'KEYWORD' },
      value: 'flights',
    });
    const record = await platform.catalog.runs.get(runId);
    // a look at freshness works on no data, and is not recorded
    if (workflowOf(file) === 'monitorFreshness') expect(record).toBeUndefined();
    else expect(record).toMatchObject({ state: 'completed', error: null });

    const page = await handle.query<WorkflowPage>('__temporal_workflow_metadata');
    expect(page.currentDetails).toContain('- step: **done**');
    const { queryDefinitions = [], signalDefinitions = [], updateDefinitions = [] } = page.definition;
    const taken = [...queryDefinitions, ...signalDefinitions, ...updateDefinitions].filter(isOurs);
    expect(taken.map(({ name }) => name).sort()).toEqual(
      workflowOf(file) === 'backfill' ? ['pause', 'progress', 'resume', 'setParallel', 'stop'] : ['progress'],
    );
    for (const { description } of taken) expect(description).toMatch(/\w+ \w+/);
  });
});

it('a stream is started as it is, and ends with what its view lacks', async () => {
  const handle = await start('runStream', readFileSync(path.join(DIRECTORY, STREAM)));
  await expect(handle.result()).rejects.toMatchObject({
    cause: { type: 'INVALID_VALUE', message: expect.stringContaining('which is no topic') as string },
  });
  const { runId } = await handle.describe();
  expect(await platform.catalog.runs.get(runId)).toMatchObject({ state: 'failed', workflow: 'runStream' });
  const page = await handle.query<WorkflowPage>('__temporal_workflow_metadata');
  const { queryDefinitions = [], signalDefinitions = [], updateDefinitions = [] } = page.definition;
  const taken = [...queryDefinitions, ...signalDefinitions, ...updateDefinitions].filter(isOurs);
  expect(taken.map(({ name }) => name).sort()).toEqual(['progress', 'setConsumers', 'status', 'stop']);
});

interface Message {
  readonly name: string;
  readonly description?: string;
}

/** What the page of a run is made of. */
interface WorkflowPage {
  readonly currentDetails: string;
  readonly definition: {
    readonly queryDefinitions?: readonly Message[];
    readonly signalDefinitions?: readonly Message[];
    readonly updateDefinitions?: readonly Message[];
  };
}

const isOurs = ({ name }: Message): boolean => !name.startsWith('__');

describe('an input that is not right', () => {
  const text = (json: string): Uint8Array => Buffer.from(json);

  it.each([
    ['ingest', ['{ "project": "flights" }'], 'ingest input, field "source": must be a name such as flights'],
    ['backfill', ['[]'], 'backfill input: must be one JSON object'],
    ['maintain', ['"flights"'], 'maintain input: must be one JSON object'],
    ['maintain', [], 'maintain input: must be one JSON object'],
    ['materialize', ['null'], 'materialize input: must be one JSON object'],
    [
      'materialize',
      ['{ "project": "flights", "views": "latest_flight" }'],
      'materialize input, field "views": must be a list of 1 to 300 view names',
    ],
    [
      'backfill',
      ['{ "project": "flights", "view": "airport_delays", "from": "yesterday", "to": "2001-01-02" }'],
      'backfill input, field "from": must be an ISO 8601 time such as "2024-01-31T12:00:00Z"',
    ],
  ])('ends %s %j at once with %s', async (workflow, inputs, message) => {
    const handle = await start(workflow, ...inputs.map(text));
    const error: unknown = await handle.result().catch((failed: unknown) => failed);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause).toMatchObject({ type: 'INVALID_VALUE', nonRetryable: true });
    expect((error as WorkflowFailedError).cause?.message).toContain(message);
  });

  it('that names what is not there ends the run with what is', async () => {
    const handle = await start('ingest', text('{ "project": "flights", "source": "flight" }'));
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'UNKNOWN_NAME', message: expect.stringContaining('known: airports, flights') as string },
    });
  });
});
