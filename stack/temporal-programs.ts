/** The `temporal` program: where it is looked for, and how it is fetched when it is nowhere. */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AsofError } from '../contracts/errors.ts';
import type { Located, Report } from './component.ts';
import { withLock } from './lock.ts';
import { cacheDirectory, findOnPath, isExecutable, runToEnd } from './program-search.ts';

/** The newest release that `go install` can build; later ones carry replace directives. */
const GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const MEND =
  'install the Temporal CLI (https://docs.temporal.io/cli) or Go, or name a running server with TEMPORAL_ADDRESS';
const DOWNLOAD_TIMEOUT_MILLIS = 180_000;
const BUILD_TIMEOUT_MILLIS = 1_800_000;

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

interface Fetched {
  readonly program: string | undefined;
  /** What was tried and why it failed. */
  readonly attempt: string;
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

async function build(report: Report): Promise<Fetched> {
  const go = findOnPath('go');
  if (go === undefined) return { program: undefined, attempt: `go install ${GO_PACKAGE} (no go on PATH)` };
  report(`building the Temporal server with \`go install ${GO_PACKAGE}\`; this takes about five minutes, once`);
  const target = path.join(cacheDirectory(), `build-${process.pid}`);
  mkdirSync(target, { recursive: true });
  const started = performance.now();
  const clock = setInterval(() => {
    report(`still building the Temporal server, ${Math.round((performance.now() - started) / 1000)} s`);
  }, 20_000);
  try {
    const { succeeded, output } = await runToEnd(go, ['install', '-ldflags', '-s -w', GO_PACKAGE], {
      timeoutMillis: BUILD_TIMEOUT_MILLIS,
      env: { GOBIN: target, GOFLAGS: '' },
    });
    if (!succeeded) return { program: undefined, attempt: `go install ${GO_PACKAGE} (${output})` };
    mkdirSync(path.dirname(builtProgram()), { recursive: true });
    renameSync(path.join(target, 'temporal'), builtProgram());
    return { program: builtProgram(), attempt: `go install ${GO_PACKAGE}` };
  } finally {
    clearInterval(clock);
    rmSync(target, { recursive: true, force: true });
  }
}

function cachedPrograms(): readonly string[] {
  return [builtProgram(), ...downloadedPrograms()];
}

function builtProgram(): string {
  return path.join(cacheDirectory(), 'bin', 'temporal');
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
