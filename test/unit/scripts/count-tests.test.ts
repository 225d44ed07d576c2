import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SCRIPT = path.resolve(import.meta.dirname, '../../../scripts/count-tests.mjs');
const failed = { status: 'failed', assertionResults: [{ status: 'failed' }] };
const unloadable = { status: 'failed', assertionResults: [] };

describe('the count of the tests', () => {
  let directory: string;
  beforeAll(() => (directory = mkdtempSync(path.join(tmpdir(), 'asof-count-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  function count(report: unknown, status: number): string {
    const file = path.join(directory, 'report.json');
    writeFileSync(file, typeof report === 'string' ? report : JSON.stringify(report));
    return execFileSync(process.execPath, [SCRIPT, file, String(status)], { encoding: 'utf8' }).trim();
  }

  it('is that of the report', () => {
    expect(count({ numPassedTests: 5, numFailedTests: 0, testResults: [] }, 0)).toBe('5 0');
    expect(count({ numPassedTests: 5, numFailedTests: 1, testResults: [failed] }, 1)).toBe('5 1');
  });

  it('takes a file that cannot be loaded for a failed test', () => {
    expect(count({ numPassedTests: 5, numFailedTests: 1, testResults: [failed, unloadable] }, 1)).toBe('5 2');
  });

  it('takes a failed run without a failed test for a failed test', () => {
    expect(count({ numPassedTests: 5, numFailedTests: 0, testResults: [] }, 1)).toBe('5 1');
    expect(count('', 137)).toBe('0 1');
  });
});
