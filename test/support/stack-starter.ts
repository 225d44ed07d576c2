/**
 * Run as a program by the tests of the stack: `stack-starter.ts DIRECTORY start NAME…` starts the named processes and
 * ends; `stack-starter.ts DIRECTORY command` needs Redis, says so, and never ends by itself;
 * `stack-starter.ts DIRECTORY crash` exits while it needs Redis.
 */
import type { ProcessName } from '../../contracts/config.ts';
import { startStack } from '../../stack/dev.ts';
import { withComponents } from '../../stack/with-components.ts';
import { settingsFor } from './settings.ts';

const [directory = '.', mode, ...names] = process.argv.slice(2);
const settings = settingsFor(directory);
if (mode === 'start') {
  await startStack(settings, { processes: names as ProcessName[] });
} else {
  await withComponents(settings, ['redis'], async () => {
    if (mode === 'crash') process.exit(3);
    process.stdout.write('ready\n');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  });
}
