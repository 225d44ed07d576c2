/** How a process tells whoever started it that it is ready: the file that `ASOF_READY_FILE` names. */
import { rename, rm, writeFile } from 'node:fs/promises';

/**
 * Writes the process id to the file, renamed into place so that whoever sees it can read it. Answers how to take it back;
 * does nothing when the variable is not set.
 */
export async function announceReady(): Promise<() => Promise<void>> {
  const file = process.env['ASOF_READY_FILE'];
  if (file === undefined) return async () => undefined;
  const staged = `${file}.${process.pid}`;
  await writeFile(staged, `${process.pid}\n`);
  await rename(staged, file);
  return () => rm(file, { force: true });
}
