/** Packages of Debian's, for a process that may install them. */
import type { Report } from './component.ts';
import { findOnPath, isRoot, runToEnd } from './program-search.ts';

/** Returns what was tried and how it ended. */
export async function installPackage(name: string, report: Report): Promise<string> {
  if (findOnPath('apt-get') === undefined) return 'apt-get (not on PATH)';
  if (!isRoot()) return 'apt-get (only root may install packages)';
  report(`installing ${name} with apt-get`);
  const options = {
    timeoutMillis: 300_000,
    // RUNLEVEL keeps packages from starting servers of their own
    env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  };
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', name];
  let finished = await runToEnd('apt-get', install, options);
  if (!finished.succeeded) {
    await runToEnd('apt-get', ['update'], options);
    finished = await runToEnd('apt-get', install, options);
  }
  return `apt-get install ${name}${finished.succeeded ? '' : ` (${finished.output})`}`;
}
