import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker, type ReplayResult, type WorkflowBundleOption } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WORKFLOW_NAMES } from '../../contracts/run-messages.ts';
import { installTemporalRuntime } from '../../workers/temporal-runtime.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';

const DIRECTORY = path.join(import.meta.dirname, 'histories');
const FILES = readdirSync(DIRECTORY).filter((file) => file.endsWith('.json'));

const cache = mkdtempSync(path.join(tmpdir(), 'asof-replay-'));
let bundle: WorkflowBundleOption;
beforeAll(async () => {
  // a history that no longer fits is logged as an error by the SDK; the test says so itself
  installTemporalRuntime('ERROR');
  bundle = await workflowBundle(cache);
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

interface RecordedHistory {
  readonly events: {
    readonly activityTaskScheduledEventAttributes?: { readonly activityType: { name: string } };
    readonly workflowExecutionStartedEventAttributes?: { readonly workflowType: { readonly name: string } };
  }[];
}

function readHistory(file: string): RecordedHistory {
  return JSON.parse(readFileSync(path.join(DIRECTORY, file), 'utf8')) as RecordedHistory;
}

async function replay(histories: readonly { readonly workflowId: string; readonly history: unknown }[]) {
  const results: ReplayResult[] = [];
  for await (const result of Worker.runReplayHistories({ workflowBundle: bundle }, histories)) results.push(result);
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
