/** A Redis of a test's own, on a socket in a temporary directory, to be paused, emptied and killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { redisComponent } from '../../../stack/redis-server.ts';
import { temporaryDirectory } from '../../support/stack.ts';

export interface TestRedis {
  /** What a client connects to. */
  readonly url: string;
  /** Of the server that runs; undefined when none was started. */
  pid(): number | undefined;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Kills it and removes its files. */
  remove(): Promise<void>;
}

/** What it holds survives a kill when it is kept: every write is in a file before it is answered. */
export async function startRedis({ isKept = false }: { readonly isKept?: boolean } = {}): Promise<TestRedis> {
  const program = await redisComponent.provide(() => undefined);
  const directory = temporaryDirectory('asof-redis-');
  const socket = `${directory.path}/redis.sock`;
  let server: ReturnType<typeof spawn> | undefined;

  const kill = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  };
  const redis: TestRedis = {
    url: socket,
    pid: () => server?.pid,
    async start() {
      const options = ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', directory.path];
      const keeping = ['--appendonly', isKept ? 'yes' : 'no'];
      server = spawn(program, [...options, ...keeping], { stdio: 'ignore' });
      for (let attempt = 0; attempt < 200 && !existsSync(socket); attempt += 1) await sleep(25);
    },
    pause: () => server?.kill('SIGSTOP'),
    resume: () => server?.kill('SIGCONT'),
    kill,
    async remove() {
      await kill();
      directory.remove();
    },
  };
  await redis.start();
  return redis;
}
