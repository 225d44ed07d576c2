/**
 * Run as a program by the tests of the stack: `stack-starter.ts DIRECTORY start|command`. `start` starts a stack
 * without Asof's own processes and ends; `command` needs the catalog and Redis, says so, and never ends by itself.
 */
import { startStack } from '../../stack/dev.ts';
import { withComponents } from '../../stack/with-components.ts';
import { settingsFor } from './settings.ts';

const [directory = '.', mode] = process.argv.slice(2);
const settings = settingsFor(directory);
if (mode === 'start') {
  await startStack(settings, { processes: ['temporal', 'redis', 'catalog'] });
} else {
  await withComponents(settings, ['catalog', 'redis'], async () => {
    process.stdout.write('ready\n');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  });
}
