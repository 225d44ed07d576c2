/** A Redis for one chaos run alone, so that it may lose everything it holds. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { findPort } from '../../stack/ports.ts';
import { redisComponent } from '../../stack/redis-server.ts';
import { openRedisClient } from '../../online/redis-client.ts';
import { poll } from '../e2e/support/polling.ts';
import { temporaryDirectory } from '../support/stack.ts';

export interface ChaosRedis {
  readonly url: string;
  /** Kills it and starts it again, with nothing in it. */
  restartEmpty(): Promise<void>;
  close(): Promise<void>;
}

export async function startChaosRedis(): Promise<ChaosRedis> {
  const program = await redisComponent.provide(() => undefined);
  const directory = temporaryDirectory('asof-chaos-redis-');
  const port = await findPort(null);
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory.path];
    server = spawn(program, options, { stdio: 'ignore' });
    const client = openRedisClient({ url });
    try {
      await poll(async () => ((await client.ping()) ? true : undefined), 25);
    } finally {
      await client.close();
    }
  };
  const kill = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  };
  await start();
  return {
    url,
    async restartEmpty() {
      await kill();
      await start();
    },
    async close() {
      await kill();
      directory.remove();
    },
  };
}
