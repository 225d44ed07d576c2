import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identifyProcess, isRunning, ownIdentity } from '../../../stack/process-identity.ts';

describe('the identity of a process', () => {
  it('is stable while the process runs', () => {
    expect(identifyProcess(process.pid)).toEqual(ownIdentity());
    expect(isRunning(ownIdentity())).toBe(true);
  });

  it('differs between processes', () => {
    expect(identifyProcess(process.ppid)).not.toEqual(ownIdentity());
  });

  it('is not that of another process with the same pid', () => {
    expect(isRunning({ pid: process.pid, started: 'before' })).toBe(false);
  });

  it('is gone when the process is', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const identity = identifyProcess(child.pid ?? 0);
    expect(identity !== undefined && isRunning(identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(identity !== undefined && isRunning(identity)).toBe(false);
  });

  it('does not exist for a zombie', async () => {
    // the shell becomes `sleep`, which never reaps the child that the shell started
    const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
    await new Promise((resolve) => setTimeout(resolve, 100));
    const zombie = identifyProcess(Number(pid.toString()));
    parent.kill('SIGKILL');
    expect(zombie).toBeUndefined();
  });
});
