/** Run as a program by a worker that ends above its memory limit: `start-successor.ts PROJECT-DIRECTORY NAME PID`. */
import { loadSettings } from '../definitions/loading.ts';
import { messageOf } from '../contracts/errors.ts';
import type { AsofProcessName } from './asof-processes.ts';
import { startSuccessor } from './successor.ts';

const [directory, name, pid] = process.argv.slice(2);
try {
  await startSuccessor(await loadSettings({ directory }), name as AsofProcessName, Number(pid));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
