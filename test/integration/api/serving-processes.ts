/** `asof serve` as a command with several processes behind one port, which can be killed one by one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServedStore } from './served-store.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../../bin/asof');

export interface ServingProcesses {
  readonly url: string;
  /** Of the command, which accepts and answers nothing itself. */
  readonly pid: number;
  /** The processes that answer, by what the command says of them. */
  serving(): readonly number[];
  signal(signal: 'SIGHUP'): void;
  /** Asks the command to end, and answers its exit code; null when a signal ended it. */
  quit(): Promise<number | null>;
  /** Kills it unless it has ended. */
  close(): Promise<void>;
}

/** Two processes that serve the store's project. Throws with the command's words when it ends before it serves. */
export async function startServingProcesses(served: ServedStore): Promise<ServingProcesses> {
  const args = ['-C', served.writeProject(), 'serve', '--port', '0', '--processes', '2', '--drain', '1s'];
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, ...served.environment, ASOF_MEMORY_LIMIT: '1GB' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    const [code] = await exited;
    return code;
  };
  let url: string | undefined;
  while (url === undefined) {
    if (child.exitCode !== null) throw new Error(`the servers ended before they served: ${log}`);
    await sleep(100);
    url = /^serving (\S+)$/m.exec(log)?.[1];
  }
  return {
    url,
    pid: child.pid!,
    serving() {
      const announced = [...log.matchAll(/^process (\d+) serves as (\d+)$/gm)];
      return [...new Map(announced.map(([, place, pid]) => [place, Number(pid)])).values()];
    },
    signal: (signal) => void child.kill(signal),
    quit: () => end('SIGTERM'),
    async close() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL');
    },
  };
}
