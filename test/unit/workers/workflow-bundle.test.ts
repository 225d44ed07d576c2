import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WORKFLOW_NAMES } from '../../../contracts/run-messages.ts';
import { workflowBundle } from '../../../workers/workflow-bundle.ts';
import * as workflows from '../../../workflows/index.ts';

/** Of which the SDK takes about 1.6 million. Every cached execution holds the bundle's modules. */
const BUDGET_BYTES = 2_100_000;

const directory = mkdtempSync(path.join(tmpdir(), 'asof-bundle-'));
let codePath: string;
beforeAll(async () => {
  ({ codePath } = await workflowBundle(directory));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('registers exactly the workflows of the contract, and what answers for all other types', () => {
  expect(Object.keys(workflows).sort()).toEqual([...WORKFLOW_NAMES, 'default'].sort());
});

it('stays within its budget, and holds no activity, store or engine', () => {
  const code = readFileSync(codePath, 'utf8');
  expect(code.length).toBeLessThan(BUDGET_BYTES);
  const folders = [...code.matchAll(/"\.\/([a-z]+)\/[a-z-]+\.ts"/g)].map(([, folder]) => folder);
  expect(new Set(folders)).toEqual(new Set(['contracts', 'workflows']));
});

it('is built once for the same sources', async () => {
  const before = performance.now();
  expect(await workflowBundle(directory)).toEqual({ codePath });
  expect(performance.now() - before).toBeLessThan(500);
});
