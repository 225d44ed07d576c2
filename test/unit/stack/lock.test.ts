import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../../../stack/lock.ts';
import { ownIdentity } from '../../../stack/process-identity.ts';

describe('withLock', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'asof-lock-'));
    file = path.join(directory, 'deep', 'lock');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(5);
      inside -= 1;
    };
    await Promise.all([1, 2, 3, 4, 5].map(() => withLock(file, 5_000, work)));
    expect(most).toBe(1);
  });

  it('is given back when the work fails', async () => {
    await expect(withLock(file, 100, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(file)).toBe(false);
    expect(await withLock(file, 100, async () => 'again')).toBe('again');
  });

  it('is taken over from a dead process', async () => {
    await withLock(file, 100, async () => undefined);
    writeFileSync(file, JSON.stringify({ pid: 1, started: 'long ago' }));
    expect(await withLock(file, 1_000, async () => 'mine')).toBe('mine');
  });

  it('names the living process that keeps it', async () => {
    await withLock(file, 100, async () => undefined);
    writeFileSync(file, JSON.stringify(ownIdentity()));
    await expect(withLock(file, 50, async () => undefined)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`process ${process.pid}`) as string,
    });
  });
});
