import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endLease, leasedComponents, takeLease } from '../../../stack/leases.ts';
import { readJson, runDirectory, writeJson } from '../../../stack/run-records.ts';

describe('leases', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'asof-leases-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('add up to what all living commands need', () => {
    const first = takeLease(directory, ['catalog']);
    const second = takeLease(directory, ['catalog', 'redis']);
    expect([...leasedComponents(directory)].sort()).toEqual(['catalog', 'redis']);
    endLease(second);
    expect([...leasedComponents(directory)]).toEqual(['catalog']);
    endLease(first);
    expect([...leasedComponents(directory)]).toEqual([]);
  });

  it('of a dead process count for nothing, and are removed', () => {
    const file = path.join(runDirectory(directory), 'leases', 'dead.json');
    writeJson(file, { process: { pid: process.pid, started: 'before' }, needs: ['temporal'] });
    expect(leasedComponents(directory).size).toBe(0);
    expect(readJson(file)).toBeUndefined();
  });
});
