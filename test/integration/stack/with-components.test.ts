import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Settings } from '../../../contracts/config.ts';
import { startStack, stopStack } from '../../../stack/dev.ts';
import { askRedis } from '../../../stack/redis-probe.ts';
import { findRunning, readRecords } from '../../../stack/run-records.ts';
import { withComponents } from '../../../stack/with-components.ts';
import { settingsFor } from '../../support/settings.ts';

const STARTER = path.resolve(import.meta.dirname, '../../support/stack-starter.ts');

let directory: string;
let settings: Settings;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'asof-with-'));
  settings = settingsFor(directory);
});
afterEach(async () => {
  await stopStack(settings);
  rmSync(directory, { recursive: true });
});

const names = (): readonly string[] => readRecords(settings.stateDirectory).map(({ name }) => name);

/** A command in another process that needs Redis; returns once it has it. */
async function runCommand(): Promise<ChildProcess> {
  const command = execFile(process.execPath, ['--import', 'tsx', STARTER, directory, 'command']);
  if (command.stdout) await once(command.stdout, 'data');
  return command;
}

async function end(command: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(command, 'exit');
  command.kill(signal);
  await exited;
}

describe('withComponents', () => {
  it('starts what is needed for the duration of the work', async () => {
    const result = await withComponents(settings, ['redis'], async ({ redisUrl, catalogUrl }) => {
      expect(await askRedis(redisUrl ?? '')).toMatchObject({ answers: true });
      expect(catalogUrl).toBeNull();
      expect(names()).toEqual(['redis']);
      return 'done';
    });
    expect(result).toBe('done');
    expect(names()).toEqual([]);
  });

  it('stops it when the work fails, and passes the failure on', async () => {
    await expect(withComponents(settings, ['redis'], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(names()).toEqual([]);
  });

  it('starts nothing for servers that the settings name', async () => {
    const named = { ...settings, redisUrl: 'redis://elsewhere:1' };
    await withComponents(named, ['redis'], async ({ redisUrl }) => expect(redisUrl).toBe('redis://elsewhere:1'));
    expect(names()).toEqual([]);
  });

  it('shares one server among commands; the last one stops it', async () => {
    const pids = await Promise.all(
      [50, 100, 150].map((millis) =>
        withComponents(settings, ['redis'], async ({ redisUrl }) => {
          await new Promise((resolve) => setTimeout(resolve, millis));
          const answer = await askRedis(redisUrl ?? '');
          return answer.answers ? answer.pid : undefined;
        }),
      ),
    );
    expect(new Set(pids).size).toBe(1);
    expect(pids[0]).toBeGreaterThan(0);
    expect(names()).toEqual([]);
  });

  it('uses a running stack and leaves it alone', async () => {
    const stack = await startStack(settings, { processes: ['redis'] });
    await withComponents(settings, ['redis'], async ({ redisUrl }) => expect(redisUrl).toBe(stack.redis.url));
    expect(findRunning(settings.stateDirectory, 'redis')).toMatchObject({ owner: 'dev' });
  });

  it('leaves to a stack what the stack has taken over', async () => {
    await withComponents(settings, ['redis'], async ({ redisUrl }) => {
      const stack = await startStack(settings, { processes: ['redis'] });
      expect(stack.redis.url).toBe(redisUrl);
    });
    expect(findRunning(settings.stateDirectory, 'redis')).toMatchObject({ owner: 'dev' });
  });
});

describe('a command', () => {
  it('that is interrupted stops what it had started', async () => {
    const command = await runCommand();
    expect(names()).toEqual(['redis']);
    await end(command, 'SIGINT');
    expect(command.signalCode).toBe('SIGINT');
    expect(names()).toEqual([]);
  });

  it('that exits in the middle stops what it had started', async () => {
    const command = execFile(process.execPath, ['--import', 'tsx', STARTER, directory, 'crash']);
    expect(await once(command, 'exit')).toEqual([3, null]);
    expect(names()).toEqual(['redis']);
    await expect.poll(() => findRunning(settings.stateDirectory, 'redis'), { timeout: 10_000 }).toBeUndefined();
  });

  it('that is killed leaves its servers to the next one, which stops them', async () => {
    await end(await runCommand(), 'SIGKILL');
    const before = findRunning(settings.stateDirectory, 'redis');
    expect(before).toBeDefined();
    await withComponents(settings, ['redis'], async () => {
      expect(findRunning(settings.stateDirectory, 'redis')?.process).toEqual(before?.process);
    });
    expect(names()).toEqual([]);
  });

  it('keeps its servers when another process ends', async () => {
    const command = await runCommand();
    await withComponents(settings, ['redis'], async () => undefined);
    expect(names()).toEqual(['redis']);
    await end(command, 'SIGTERM');
    expect(names()).toEqual([]);
  });
});
