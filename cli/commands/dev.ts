import type { DevStack, ProcessName } from '../../contracts/config.ts';
import { loadSettings } from '../../definitions/loading.ts';
import { readStack, startStack, stopStack } from '../../stack/dev.ts';
import { AsofError } from '../../contracts/errors.ts';
import type { Register } from '../main.ts';
import { drawTable } from '../table.ts';

const EXTRAS = ['kafka', 's3'] as const;
type Extra = (typeof EXTRAS)[number];

export const registerDev: Register = (program, run) => {
  program
    .command('dev')
    .description('start Temporal with its UI, Redis, the catalog, the workers and the API')
    .option('--detach', 'return when everything is ready; `asof down` stops it')
    .option('--with <names>', 'components beside the usual ones: kafka,s3', parseExtras)
    .action((options: { detach?: boolean; with?: readonly Extra[] }) =>
      run(async ({ terminal, directory, signal }) => {
        const settings = await loadSettings({ directory });
        const before = new Set(readStack(settings)?.processes.map(({ name }) => name) ?? []);
        const report = (line: string): void => terminal.note(line);
        const stack = await startStack(settings, { ...(options.with ? { with: options.with } : {}), report });
        const started = stack.processes.map(({ name }) => name).filter((name) => !before.has(name));
        terminal.result({ ...stack, started }, describeStack(stack, started));
        if (options.detach) return;
        terminal.note('Ctrl-C stops it.');
        await aborted(signal);
        await stopStack(settings);
      }),
    );

  program
    .command('down')
    .description('stop what `asof dev` started; the data stay')
    .action(() =>
      run(async ({ terminal, directory }) => {
        const settings = await loadSettings({ directory });
        const stopped = await stopStack(settings);
        terminal.result(
          { stopped },
          stopped.length === 0 ? 'Nothing was running.' : `Stopped ${stopped.join(', ')}. The data stay in .asof.`,
        );
      }),
    );
};

function parseExtras(text: string): readonly Extra[] {
  return text.split(',').map((name) => {
    if (!(EXTRAS as readonly string[]).includes(name)) {
      throw new AsofError('USAGE', { problem: `--with knows kafka and s3, not "${name}"` });
    }
    return name as Extra;
  });
}

function describeStack(stack: DevStack, started: readonly ProcessName[]): readonly string[] {
  return [
    started.length === 0 ? 'Everything was running already.' : `Started ${started.join(', ')}.`,
    '',
    drawTable(
      ['what', 'where'],
      [
        ['API', stack.api.url],
        ['Temporal UI', stack.temporal.ui],
        ['Temporal', `${stack.temporal.address} (namespace ${stack.temporal.namespace})`],
        ['Redis', stack.redis.url],
        ['Catalog', stack.catalog.url],
        ...(stack.s3 ? [['S3', `${stack.s3.endpoint} (bucket ${stack.s3.bucket})`]] : []),
        ...(stack.kafka ? [['Kafka', stack.kafka.brokers.join(', ')]] : []),
      ],
    ),
    '',
    'Authentication is off; everything listens on this machine only.',
  ];
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    // the listener alone would not keep the process alive
    const keepAlive = setInterval(() => undefined, 60_000);
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(keepAlive);
        resolve();
      },
      { once: true },
    );
  });
}
