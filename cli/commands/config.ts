import { loadSettings } from '../../definitions/loading.ts';
import type { Register } from '../main.ts';
import { drawTable } from '../table.ts';

export const registerConfig: Register = (program, run) => {
  program
    .command('config')
    .description('print the settings that every command would use')
    .action(() =>
      run(async ({ terminal, directory }) => {
        const settings = await loadSettings({ directory });
        const shown = {
          ...settings,
          catalogUrl: settings.catalogUrl && withoutPassword(settings.catalogUrl),
          redisUrl: settings.redisUrl && withoutPassword(settings.redisUrl),
          spark: { ...settings.spark, url: settings.spark.url && withoutPassword(settings.spark.url) },
        };
        const rows = Object.entries(shown).map(([name, value]) => [name, describe(value)] as const);
        terminal.result(shown, drawTable(['setting', 'value'], rows));
      }),
    );
};

function describe(value: unknown): string {
  if (value === null) return '(embedded)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password) parsed.password = '***';
    return parsed.href;
  } catch {
    return '(unreadable)';
  }
}
