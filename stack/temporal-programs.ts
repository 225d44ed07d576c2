/** The `temporal` program: where it is looked for, and how it is fetched when it is nowhere. */
import { mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AsofError } from '../contracts/errors.ts';
import type { Located, Report } from './component.ts';
import { BUILD_TIMEOUT_MILLIS, buildWithGo, builtProgram, type Fetched } from './go-install.ts';
import { withLock } from './lock.ts';
import { cacheDirectory, findOnPath, isExecutable, runToEnd } from './program-search.ts';

/** The newest release that `go install` can build; later ones carry replace directives. */
const GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const MEND =
  'install the Temporal CLI (https://docs.temporal.io/cli) or Go, or name a running server with TEMPORAL_ADDRESS';
const DOWNLOAD_TIMEOUT_MILLIS = 180_000;

export async function locateTemporal(): Promise<Located> {
  const onPath = findOnPath('temporal');
  if (onPath !== undefined) return { found: true, program: onPath };
  const cached = cachedPrograms().find(isExecutable);
  if (cached !== undefined) return { found: true, program: cached };
  const looked = ['TEMPORAL_ADDRESS (not set)', 'temporal on PATH', ...cachedPrograms()];
  return { found: false, looked, mend: MEND };
}

/** The located program, otherwise the download of Temporal's SDK, otherwise a build from source. */
export async function provideTemporal(report: Report): Promise<string> {
  const early = await locateTemporal();
  if (early.found) return early.program;
  return withLock(path.join(cacheDirectory(), 'temporal.lock'), BUILD_TIMEOUT_MILLIS, async () => {
    const located = await locateTemporal();
    if (located.found) return located.program;
    const tried: string[] = [];
    for (const fetch of [download, build]) {
      const { program, attempt } = await fetch(report);
      if (program !== undefined) return program;
      tried.push(attempt);
    }
    throw new AsofError('COMPONENT_MISSING', {
      component: 'Temporal',
      problem: `looked at ${[...located.looked, ...tried].join('; ')}. ${located.mend}`,
    });
  });
}

async function download(report: Report): Promise<Fetched> {
  report('downloading the Temporal server');
  const directory = downloadDirectory();
  mkdirSync(directory, { recursive: true });
  // a process of its own: the SDK starts the server that it downloads, and cannot be stopped while it downloads
  const script = fileURLToPath(new URL('temporal-download.ts', import.meta.url));
  const loader = createRequire(import.meta.url).resolve('tsx');
  const { succeeded, output } = await runToEnd(process.execPath, ['--import', loader, script, directory], {
    timeoutMillis: DOWNLOAD_TIMEOUT_MILLIS,
  });
  const program = succeeded ? downloadedPrograms().find(isExecutable) : undefined;
  return { program, attempt: `the download of @temporalio/testing (${output.split('\n').at(-1)})` };
}

function build(report: Report): Promise<Fetched> {
  return buildWithGo({ name: 'temporal', source: GO_PACKAGE, minutes: 'five' }, report);
}

function cachedPrograms(): readonly string[] {
  return [builtProgram('temporal'), ...downloadedPrograms()];
}

function downloadDirectory(): string {
  return path.join(cacheDirectory(), 'temporal');
}

/** The SDK names its download after its own version. */
function downloadedPrograms(): readonly string[] {
  try {
    return readdirSync(downloadDirectory())
      .filter((name) => name.startsWith('temporal-'))
      .map((name) => path.join(downloadDirectory(), name));
  } catch {
    return [];
  }
}
