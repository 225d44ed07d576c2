import { startServer } from '../../api/server.ts';
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
    .action(({ host, port }: { host: string; port: number }) =>
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
          await withdraw();
          await server.close();
          terminal.result({ api: { url: server.url }, stopped: true }, 'stopped');
        });
      }),
    );
};
