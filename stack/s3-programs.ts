/** The S3 server: where it is looked for, and how it is fetched when it is nowhere. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import type { Located, Report } from './component.ts';
import { BUILD_TIMEOUT_MILLIS, buildWithGo, builtProgram, type Fetched } from './go-install.ts';
import { withLock } from './lock.ts';
import { cacheDirectory, findOnPath, isExecutable, runToEnd } from './program-search.ts';

const NAME = 'versitygw';
const GO_PACKAGE = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const PIP_PACKAGE = 'moto[server]';
const MEND =
  'install versitygw (https://github.com/versity/versitygw), Go, or Python with venv, or name a running server with S3_ENDPOINT';
const INSTALL_TIMEOUT_MILLIS = 600_000;

/** A server of Python, which keeps its objects in memory; everything else is versitygw. */
export function isMoto(program: string): boolean {
  return path.basename(program) === 'moto_server';
}

export async function locateS3(): Promise<Located> {
  const onPath = findOnPath(NAME);
  if (onPath !== undefined) return { found: true, program: onPath };
  const cached = [builtProgram(NAME), motoProgram()];
  const program = cached.find(isExecutable);
  if (program !== undefined) return { found: true, program };
  return { found: false, looked: ['S3_ENDPOINT (not set)', `${NAME} on PATH`, ...cached], mend: MEND };
}

/** The located program, otherwise a build from source, otherwise the server of Python's moto in an environment of its own. */
export async function provideS3(report: Report): Promise<string> {
  const early = await locateS3();
  if (early.found) return early.program;
  return withLock(path.join(cacheDirectory(), 's3.lock'), BUILD_TIMEOUT_MILLIS, async () => {
    const located = await locateS3();
    if (located.found) return located.program;
    const tried: string[] = [];
    for (const fetch of [build, installMoto]) {
      const { program, attempt } = await fetch(report);
      if (program !== undefined) return program;
      tried.push(attempt);
    }
    throw new AsofError('COMPONENT_MISSING', {
      component: 'An S3 server',
      problem: `looked at ${[...located.looked, ...tried].join('; ')}. ${located.mend}`,
    });
  });
}

function build(report: Report): Promise<Fetched> {
  return buildWithGo({ name: NAME, source: GO_PACKAGE, minutes: 'three' }, report);
}

async function installMoto(report: Report): Promise<Fetched> {
  const what = `pip install ${PIP_PACKAGE}`;
  const python = findOnPath('python3');
  if (python === undefined) return { program: undefined, attempt: `${what} (no python3 on PATH)` };
  report(`installing an S3 server with \`${what}\`; it keeps its objects in memory`);
  const environment = motoDirectory();
  mkdirSync(path.dirname(environment), { recursive: true });
  const options = { timeoutMillis: INSTALL_TIMEOUT_MILLIS };
  const made = await runToEnd(python, ['-m', 'venv', environment], options);
  const pip = path.join(environment, 'bin', 'pip');
  const ended = made.succeeded ? await runToEnd(pip, ['install', '--quiet', PIP_PACKAGE], options) : made;
  return ended.succeeded
    ? { program: motoProgram(), attempt: what }
    : { program: undefined, attempt: `${what} (${ended.output.split('\n').at(-1)})` };
}

function motoDirectory(): string {
  return path.join(cacheDirectory(), 'moto');
}

function motoProgram(): string {
  return path.join(motoDirectory(), 'bin', 'moto_server');
}
