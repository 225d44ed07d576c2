/** Builds a program from its source with Go, into the cache. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Report } from './component.ts';
import { cacheDirectory, findOnPath, runToEnd } from './program-search.ts';

export const BUILD_TIMEOUT_MILLIS = 1_800_000;

export interface Fetched {
  readonly program: string | undefined;
  /** What was tried and why it failed. */
  readonly attempt: string;
}

/** Where `buildWithGo` puts a program. */
export function builtProgram(name: string): string {
  return path.join(cacheDirectory(), 'bin', name);
}

/** `source` is a package with its version, whose last part but the version is `name`. To be called under a lock. */
export async function buildWithGo(
  { name, source, minutes }: { readonly name: string; readonly source: string; readonly minutes: string },
  report: Report,
): Promise<Fetched> {
  const go = findOnPath('go');
  if (go === undefined) return { program: undefined, attempt: `go install ${source} (no go on PATH)` };
  report(`building ${name} with \`go install ${source}\`; this takes about ${minutes} minutes, once`);
  const target = path.join(cacheDirectory(), `build-${process.pid}`);
  mkdirSync(target, { recursive: true });
  const started = performance.now();
  const clock = setInterval(() => {
    report(`still building ${name}, ${Math.round((performance.now() - started) / 1000)} s`);
  }, 20_000);
  try {
    const { succeeded, output } = await runToEnd(go, ['install', '-ldflags', '-s -w', source], {
      timeoutMillis: BUILD_TIMEOUT_MILLIS,
      env: { GOBIN: target, GOFLAGS: '' },
    });
    if (!succeeded) return { program: undefined, attempt: `go install ${source} (${output})` };
    const program = builtProgram(name);
    mkdirSync(path.dirname(program), { recursive: true });
    renameSync(path.join(target, name), program);
    return { program, attempt: `go install ${source}` };
  } finally {
    clearInterval(clock);
    rmSync(target, { recursive: true, force: true });
  }
}
