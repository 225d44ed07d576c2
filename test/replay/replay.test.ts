import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker, type ReplayResult, type WorkflowBundleOption } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WORKFLOW_NAMES } from '../../contracts/run-messages.ts';
import { installTemporalRuntime } from '../../workers/temporal-runtime.ts';
import { workflowBundle as bundleOf } from '../../workers/workflow-bundle.ts';

const DIRECTORY = path.join(import.meta.dirname, 'histories');
const FILES = readdirSync(DIRECTORY).filter((file) => file.endsWith('.json'));

const cache = mkdtempSync(path.join(tmpdir(), 'asof-replay-'));
let bundle: WorkflowBundleOption;
beforeAll(async () => {
  // a history that no longer fits is logged as an error by the SDK; the test says so itself
  installTemporalRuntime('ERROR');
  bundle = await bundleOf(cache);
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

interface RecordedHistory {
  readonly events: {
    readonly eventType: string;
    readonly activityTaskScheduledEventAttributes?: { readonly activityType: { name: string } };
    readonly workflowExecutionStartedEventAttributes?: { readonly workflowType: { readonly name: string } };
  }[];
}

function readHistory(file: string): RecordedHistory {
  return JSON.parse(readFileSync(path.join(DIRECTORY, file), 'utf8')) as RecordedHistory;
}

function fileOf(name: string): string {
  return FILES.find((file) => file.startsWith(`${name}-`))!;
}

async function replay(
  histories: readonly { readonly workflowId: string; readonly history: unknown }[],
  workflowBundle: WorkflowBundleOption = bundle,
) {
  const results: ReplayResult[] = [];
  for await (const result of Worker.runReplayHistories({ workflowBundle }, histories)) results.push(result);
  return results;
}

it('every recorded history replays with the workflows as they are', async () => {
  const results = await replay(FILES.map((file) => ({ workflowId: file, history: readHistory(file) })));
  const broken = results.filter(({ error }) => error !== undefined);
  expect(broken.map(({ workflowId, error }) => `${workflowId}: ${error?.message}`)).toEqual([]);
  expect(results).toHaveLength(FILES.length);
});

it('every workflow has a recorded history', () => {
  const recorded = FILES.map(
    (file) => readHistory(file).events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name,
  );
  expect(new Set(recorded)).toEqual(new Set(WORKFLOW_NAMES));
});

it('histories of a scheduled run, and of a backfill before and after it continued as new, are among them', () => {
  const started = (name: string) => readHistory(fileOf(name)).events[0]?.workflowExecutionStartedEventAttributes;
  const last = (name: string) => readHistory(fileOf(name)).events.at(-1)?.eventType;
  expect(JSON.stringify(started('ingest-scheduled'))).toContain('TemporalScheduledStartTime');
  expect(last('backfill-continued-as-new')).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
  expect(started('backfill-carried-on')).toMatchObject({
    continuedExecutionRunId: expect.stringMatching(/./) as string,
  });
  expect(last('backfill-carried-on')).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED');
});

it.each([
  ['ingest-published', 'auditIngestion', 'publishIngestion'],
  ['backfill-carried-on', 'writeIntervals', 'listIntervals'],
  ['build-training-dataset-published', 'assembleRanges', 'publishDataset'],
])('a changed workflow is caught by the history %s: it calls %s no more', async (name, step, other) => {
  const { codePath } = bundle as { readonly codePath: string };
  const code = readFileSync(codePath, 'utf8');
  const changed = code.replaceAll(`.${step}(`, `.${other}(`);
  expect(changed).not.toBe(code);
  const changedPath = path.join(cache, `without-${step}.js`);
  writeFileSync(changedPath, changed);
  const history = { workflowId: name, history: readHistory(fileOf(name)) };
  const [asItIs] = await replay([history]);
  expect(asItIs?.error).toBeUndefined();
  const [result] = await replay([history], { codePath: changedPath });
  expect(result?.error?.message).toContain('[TMPRL1100]');
});

it('a history with its steps in another order does not replay', async () => {
  const history = readHistory(FILES.find((file) => file.startsWith('ingest-published'))!);
  for (const event of history.events) {
    const type = event.activityTaskScheduledEventAttributes?.activityType;
    if (type?.name === 'auditIngestion') type.name = 'publishIngestion';
    else if (type?.name === 'publishIngestion') type.name = 'auditIngestion';
  }
  const [result] = await replay([{ workflowId: 'reordered', history }]);
  expect(result?.error?.message).toContain('[TMPRL1100]');
});
