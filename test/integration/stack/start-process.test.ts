import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Running } from '../../../stack/component.ts';
import { COMPONENTS } from '../../../stack/components.ts';
import { identifyProcess } from '../../../stack/process-identity.ts';
import { askRedis } from '../../../stack/redis-probe.ts';
import { startProcess, type ProcessPlan } from '../../../stack/start-process.ts';
import { terminate } from '../../../stack/termination.ts';
import { testStack } from '../../support/stack.ts';

let directory: string;
let launches: Running[];
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'asof-start-'));
  launches = [];
});
afterEach(async () => {
  for (const { name, process } of launches) await terminate(name, process);
  rmSync(directory, { recursive: true });
});

const options = () => ({
  directory,
  ports: 'free' as const,
  launched: (running: Running) => {
    launches.push(running);
  },
});

/** A Redis whose first launches bind the given ports, as if these had been taken after they were found free. */
async function redisOn(taken: readonly number[]): Promise<ProcessPlan> {
  const program = await COMPONENTS.redis.provide(() => undefined);
  const remaining = [...taken];
  let bound = 0;
  return {
    name: 'redis',
    ports: [6379],
    timeoutMillis: 10_000,
    command: ([port]) => {
      bound = remaining.shift() ?? Number(port);
      const args = ['--bind', '127.0.0.1', '--port', String(bound), '--save', ''];
      return { program, args, env: process.env, directory };
    },
    probe: async ({ pid }) => {
      const address = `redis://127.0.0.1:${bound}`;
      const answer = await askRedis(address);
      return answer.answers && answer.pid === pid ? { address, ui: null } : undefined;
    },
  };
}

describe('startProcess', () => {
  it('goes to another port when its own was taken meanwhile, and takes no stranger for its process', async () => {
    const taken = new URL(testStack().redisUrl);
    const running = await startProcess(await redisOn([Number(taken.port), Number(taken.port)]), options());
    expect(new URL(running.address ?? '').port).not.toBe(taken.port);
    expect(new Set(launches.map(({ process }) => process.pid)).size).toBe(3);
    expect(launches.at(-1)).toEqual(running);
  });

  it('gives up after a few ports, and says why', async () => {
    const taken = Number(new URL(testStack().redisUrl).port);
    const plan = await redisOn(Array<number>(9).fill(taken));
    await expect(startProcess(plan, options())).rejects.toMatchObject({
      code: 'COMPONENT_FAILED',
      message: expect.stringContaining('Address already in use') as string,
    });
  });

  it('tells a program that cannot be executed from one that ends at once', async () => {
    const plan = (program: string, args: readonly string[]): ProcessPlan => ({
      name: 'worker-compute',
      ports: [],
      timeoutMillis: 10_000,
      command: () => ({ program, args, env: process.env, directory }),
      probe: async () => undefined,
    });
    await expect(startProcess(plan('/nowhere/program', []), options())).rejects.toMatchObject({
      code: 'COMPONENT_FAILED',
      message: expect.stringMatching(/code 127;[^]*not found/) as string,
    });
    await expect(startProcess(plan('sh', ['-c', 'echo the reason; exit 7']), options())).rejects.toMatchObject({
      code: 'COMPONENT_FAILED',
      message: expect.stringMatching(/exited with code 7;[^]*the reason/) as string,
    });
  });

  it('kills a process that is never ready, with what it started', async () => {
    const plan: ProcessPlan = {
      name: 'temporal',
      ports: [],
      timeoutMillis: 300,
      command: () => ({
        program: 'sh',
        args: ['-c', 'sleep 600 & echo "child $!"; wait'],
        env: process.env,
        directory,
      }),
      probe: async () => undefined,
    };
    const failure = await startProcess(plan, options()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'COMPONENT_FAILED' });
    const child = Number(/child (\d+)/.exec((failure as Error).message)?.[1]);
    expect(child).toBeGreaterThan(0);
    expect(identifyProcess(child)).toBeUndefined();
  });
});
