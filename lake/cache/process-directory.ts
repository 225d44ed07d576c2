/**
 * A directory of this process below a shared one: what is half done in it, and what it holds, is nobody else's business and
 * goes when the process does.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../engine/live-process.ts';

const NAME = /^(.+)-(\d+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SIGN_OF_LIFE_MILLIS = 3_600_000;
/** A process of another host is taken for dead after this long without a sign of life. */
const SILENCE_MILLIS = 24 * SIGN_OF_LIFE_MILLIS;

const ours = new Set<string>();

/** Makes the directory; removes those of processes that are gone. */
export async function openProcessDirectory(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const directory = join(parent, `${hostname()}-${process.pid}-${randomUUID()}`);
  await mkdir(directory);
  if (ours.size === 0) process.once('exit', removeOurs);
  ours.add(directory);
  setInterval(() => void giveSign(directory), SIGN_OF_LIFE_MILLIS).unref();
  return directory;
}

function removeOurs(): void {
  for (const directory of ours) rmSync(directory, { recursive: true, force: true });
}

async function giveSign(directory: string): Promise<void> {
  const now = new Date();
  await utimes(directory, now, now).catch(() => undefined);
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const directory = join(parent, name);
    const [, host, pid] = NAME.exec(name) ?? [];
    if (host === undefined || pid === undefined || ours.has(directory)) continue;
    // a directory with our number that we did not make is of a process before us
    const isRunning = Number(pid) !== process.pid && isAlive(Number(pid));
    const isGone = host === hostname() ? !isRunning : await isSilent(directory);
    if (isGone) await rm(directory, { recursive: true, force: true });
  }
}

async function isSilent(directory: string): Promise<boolean> {
  const found = await stat(directory).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > SILENCE_MILLIS;
}
