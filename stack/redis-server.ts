/** Redis: from PATH, or from the package manager when this process may use it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import type { Component, Located, Report } from './component.ts';
import { findOnPath, isRoot, runToEnd } from './program-search.ts';
import { askRedis } from './redis-probe.ts';
import { startProcess } from './start-process.ts';

const MEND =
  'install it (`apt-get install redis-server`, `brew install redis`), or name a running server with REDIS_URL';

export const redisComponent: Component = {
  name: 'redis',
  locate: async (): Promise<Located> => {
    const program = findOnPath('redis-server');
    return program === undefined
      ? { found: false, looked: ['REDIS_URL (not set)', 'redis-server on PATH'], mend: MEND }
      : { found: true, program };
  },
  provide: async (report) => {
    const located = await redisComponent.locate();
    if (located.found) return located.program;
    const problem = await installPackage(report);
    const installed = findOnPath('redis-server');
    if (installed !== undefined) return installed;
    throw new AsofError('COMPONENT_MISSING', {
      component: 'Redis',
      problem: `looked at ${[...located.looked, problem].join('; ')}. ${located.mend}`,
    });
  },
  start: (program, options) => {
    const directory = path.join(options.directory, 'redis');
    mkdirSync(directory, { recursive: true });
    return startProcess(
      {
        name: 'redis',
        ports: [6379],
        timeoutMillis: 60_000,
        command: ([port]) => ({
          program,
          args: redisArguments(Number(port), directory, options.durable),
          env: process.env,
          directory,
        }),
        probe: async ({ pid, ports: [port] }) => {
          const url = `redis://127.0.0.1:${port}`;
          const answer = await askRedis(url);
          return answer.answers && answer.pid === pid ? { address: url, ui: null } : undefined;
        },
      },
      options,
    );
  },
};

/** An append-only file lets online values survive `down` and `up`; a store that is not durable keeps nothing. */
function redisArguments(port: number, directory: string, durable: boolean): string[] {
  const persistence = ['--save', '', '--appendonly', durable ? 'yes' : 'no'];
  return ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--daemonize', 'no', ...persistence];
}

/** Returns what was tried and how it ended. */
async function installPackage(report: Report): Promise<string> {
  if (findOnPath('apt-get') === undefined) return 'apt-get (not on PATH)';
  if (!isRoot()) return 'apt-get (only root may install packages)';
  report('installing redis-server with apt-get');
  const options = {
    timeoutMillis: 300_000,
    // RUNLEVEL keeps the package from starting a server of its own
    env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  };
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'redis-server'];
  let finished = await runToEnd('apt-get', install, options);
  if (!finished.succeeded) {
    await runToEnd('apt-get', ['update'], options);
    finished = await runToEnd('apt-get', install, options);
  }
  return finished.succeeded ? 'apt-get install redis-server' : `apt-get install redis-server (${finished.output})`;
}
