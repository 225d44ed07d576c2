import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SCRIPT = path.resolve(import.meta.dirname, '../../../scripts/count-tests.mjs');
const name = path.resolve('test/a.test.ts');
const failed = { name, status: 'failed', assertionResults: [{ status: 'failed', fullName: 'rows are right' }] };
const unloadable = { name, status: 'failed', assertionResults: [] };

describe('the count of the tests', () => {
  let directory: string;
  beforeAll(() => (directory = mkdtempSync(path.join(tmpdir(), 'asof-count-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  function count(report: unknown, status: number): readonly string[] {
    const file = path.join(directory, 'report.json');
    writeFileSync(file, typeof report === 'string' ? report : JSON.stringify(report));
    return execFileSync(process.execPath, [SCRIPT, file, String(status)], { encoding: 'utf8' })
      .trimEnd()
      .split('\n');
  }

  it('is that of the report, with the names of what failed', () => {
    expect(count({ numPassedTests: 5, numFailedTests: 0, testResults: [] }, 0)).toEqual(['5 0']);
    expect(count({ numPassedTests: 5, numFailedTests: 1, testResults: [failed] }, 1)).toEqual([
      '5 1',
      'test/a.test.ts: rows are right',
    ]);
  });

  it('takes a file that cannot be loaded for a failed test', () => {
    expect(count({ numPassedTests: 5, numFailedTests: 1, testResults: [failed, unloadable] }, 1)).toEqual([
      '5 2',
      'test/a.test.ts: rows are right',
      'test/a.test.ts: could not be loaded',
    ]);
  });

  it('takes a failed run without a failed test for a failed test', () => {
    expect(count({ numPassedTests: 5, numFailedTests: 0, testResults: [] }, 1)).toEqual([
      '5 1',
      'vitest ended with 1 without naming a test',
    ]);
    expect(count('', 137)[0]).toBe('0 1');
  });
});
