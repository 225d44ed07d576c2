import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from 'commander';
import { receiveConnections } from '../../api/handed-connections.ts';
import { isOfGroup, NUMBER_VARIABLE, startProcessGroup } from '../../api/process-group.ts';
import { openServer, startServer } from '../../api/server.ts';
import { parseByteSize } from '../../contracts/byte-size.ts';
import type { Settings } from '../../contracts/config.ts';
import { AsofError } from '../../contracts/errors.ts';
import { parseDuration } from '../../contracts/time.ts';
import { loadSettings } from '../../definitions/loading.ts';
import { SAMPLER_LIMITS } from '../../online/served-sampler.ts';
import { addressVariables } from '../../stack/asof-processes.ts';
import { withComponents } from '../../stack/with-components.ts';
import { announceReady } from '../../workers/ready-file.ts';
import { parseCount, parseWholeNumber } from '../arguments.ts';
import type { CommandContext, Register } from '../main.ts';

interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly processes: number;
  /** Milliseconds. */
  readonly drain: number;
  readonly sample: number;
}

export const registerServe: Register = (program, run) => {
  program
    .command('serve')
    .description('serve the HTTP API until it is stopped')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes a free one', (text) => parseWholeNumber(text, '--port'), 8080)
    .option(
      '--processes <n>',
      'processes behind the port; SIGHUP replaces them one by one',
      (text) => parseCount(text, '--processes'),
      1,
    )
    .addOption(
      new Option('--sample <share>', 'of the online reads, kept for `asof consistency check`; 0 to 1')
        .env('ASOF_SAMPLE')
        .default(SAMPLER_LIMITS.share)
        .argParser(parseShare),
    )
    .option('--drain <duration>', 'answer for so long after SIGTERM, while /ready says no', parseMillis, 0)
    .action((options: ServeOptions) =>
      run(async (context) => {
        const settings = await loadSettings({ directory: context.directory });
        if (isOfGroup()) return serveInGroup(context, settings, options);
        await withComponents(settings, ['catalog', 'redis', 'temporal'], (connected) =>
          options.processes === 1 ? serveAlone(context, connected, options) : serveAsGroup(context, connected, options),
        );
      }),
    );
};

async function serveAlone(
  { terminal, signal }: CommandContext,
  settings: Settings,
  options: ServeOptions,
): Promise<void> {
  const { host, port, sample: share } = options;
  const server = await startServer(settings, { host, port, sampling: { share } });
  const withdraw = await announceReady();
  terminal.note(`serving ${server.url}`);
  await aborted(signal);
  server.drain();
  await withdraw();
  await sleep(options.drain);
  await server.close();
  terminal.result({ api: { url: server.url }, stopped: true }, 'stopped');
}

/** One of several: the first process of the command speaks for all. */
async function serveInGroup({ signal }: CommandContext, settings: Settings, options: ServeOptions): Promise<void> {
  const server = await openServer(settings, {
    processName: process.env[NUMBER_VARIABLE],
    sampling: { share: options.sample },
  });
  const connections = receiveConnections(server.http);
  await Promise.race([aborted(signal), connections.abandoned]);
  server.drain();
  await sleep(options.drain);
  await connections.leave();
  await server.close();
  connections.close();
}

async function serveAsGroup(
  { terminal, signal }: CommandContext,
  settings: Settings,
  options: ServeOptions,
): Promise<void> {
  const { host, port, processes } = options;
  const group = await startProcessGroup({
    host,
    port,
    processes,
    environment: { ...addressVariables(settings), ...shareOf(settings, processes), ASOF_READY_FILE: undefined },
    report: (line) => terminal.note(line),
  });
  let replacing: Promise<void> = Promise.resolve();
  const replace = (): void => {
    replacing = replacing.then(() => group.replace()).catch((error: unknown) => terminal.note(String(error)));
  };
  process.on('SIGHUP', replace);
  const withdraw = await announceReady();
  terminal.note(`serving ${group.url}`);
  await aborted(signal);
  process.removeListener('SIGHUP', replace);
  await withdraw();
  await replacing;
  await group.close();
  terminal.result({ api: { url: group.url }, stopped: true }, 'stopped');
}

/** Of memory and cores, which are those of one process otherwise. */
function shareOf({ engine }: Settings, processes: number): Readonly<Record<string, string>> {
  const bytes = parseByteSize(engine.memoryLimit) ?? 0;
  return {
    ASOF_MEMORY_LIMIT: `${Math.floor(bytes / processes)}B`,
    ASOF_THREADS: String(Math.max(1, Math.floor(engine.threads / processes))),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function parseShare(text: string): number {
  const share = Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 1) return share;
  throw new AsofError('USAGE', { problem: `--sample takes a share from 0 to 1 such as 0.01, not "${text}"` });
}

function parseMillis(text: string): number {
  const micros = parseDuration(text);
  if (micros !== undefined) return micros / 1000;
  throw new AsofError('USAGE', { problem: `--drain takes a duration such as 5s, not "${text}"` });
}
