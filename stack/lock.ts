/** A lock between processes: a file that names its holder, taken over when the holder is dead. */
import { linkSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AsofError } from '../contracts/errors.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';

const TAKEOVER_LIMIT_MILLIS = 10_000;

/** Runs `work` while holding the lock. Throws `CONFLICT` when another process keeps it for longer than `waitMillis`. */
export async function withLock<T>(file: string, waitMillis: number, work: () => Promise<T>): Promise<T> {
  mkdirSync(path.dirname(file), { recursive: true });
  const deadline = performance.now() + waitMillis;
  while (!take(file)) {
    const holder = readHolder(file);
    if (holder !== undefined && !isRunning(holder)) breakLock(file);
    else if (performance.now() > deadline) {
      const problem = `process ${holder?.pid ?? 'unknown'} has held the lock for over ${waitMillis / 1000} s`;
      throw new AsofError('CONFLICT', { where: file, problem });
    } else await sleep(30);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Links a complete file to the lock's name, so that a lock never exists without its holder. */
function take(file: string): boolean {
  const own = `${file}.${randomUUID()}`;
  writeFileSync(own, JSON.stringify(ownIdentity()));
  try {
    linkSync(own, file);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/** One process at a time may break a lock; it looks again first, lest it breaks the lock of who was faster. */
function breakLock(file: string): void {
  const guard = `${file}.takeover`;
  try {
    closeSync(openSync(guard, 'wx'));
  } catch {
    removeAbandoned(guard);
    return;
  }
  try {
    const holder = readHolder(file);
    if (holder !== undefined && !isRunning(holder)) rmSync(file, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function removeAbandoned(guard: string): void {
  try {
    if (Date.now() - statSync(guard).mtimeMs > TAKEOVER_LIMIT_MILLIS) rmSync(guard, { force: true });
  } catch {
    // it is gone
  }
}
