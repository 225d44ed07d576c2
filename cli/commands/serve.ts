import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../../api/server.ts';
import { AsofError } from '../../contracts/errors.ts';
import { parseDuration } from '../../contracts/time.ts';
import { loadSettings } from '../../definitions/loading.ts';
import { withComponents } from '../../stack/with-components.ts';
import { announceReady } from '../../workers/ready-file.ts';
import { parseCount } from '../arguments.ts';
import type { Register } from '../main.ts';

export const registerServe: Register = (program, run) => {
  program
    .command('serve')
    .description('serve the HTTP API until it is stopped')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on', (text) => parseCount(text, '--port'), 8080)
    .option('--drain <duration>', 'answer for so long after SIGTERM, while /ready says no', parseMillis, 0)
    .action(({ host, port, drain }: { host: string; port: number; drain: number }) =>
      run(async ({ terminal, directory, signal }) => {
        const settings = await loadSettings({ directory });
        await withComponents(settings, ['catalog', 'redis', 'temporal'], async (connected) => {
          const server = await startServer(connected, { host, port });
          const withdraw = await announceReady();
          terminal.note(`serving ${server.url}`);
          await new Promise<void>((resolve) => {
            if (signal.aborted) resolve();
            else signal.addEventListener('abort', () => resolve(), { once: true });
          });
          server.drain();
          await withdraw();
          await sleep(drain);
          await server.close();
          terminal.result({ api: { url: server.url }, stopped: true }, 'stopped');
        });
      }),
    );
};

function parseMillis(text: string): number {
  const micros = parseDuration(text);
  if (micros !== undefined) return micros / 1000;
  throw new AsofError('USAGE', { problem: `--drain takes a duration such as 5s, not "${text}"` });
}
