/** The peers come from PyPI, into a virtual environment that is made once. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PACKAGES = ['feast[redis,duckdb]==0.67.*', 'polars', 'duckdb', 'numpy'];

/** The folder of what benchmarks make once: peers, data and lakes. */
export async function benchCache(): Promise<string> {
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'asof', 'bench');
  await mkdir(cache, { recursive: true });
  return cache;
}

/** The path of a Python that can import every peer. */
export async function providePeers(cache: string, report: (line: string) => void): Promise<string> {
  const environment = path.join(cache, 'peers');
  const python = path.join(environment, 'bin/python');
  if (existsSync(python) && (await canImport(python))) return python;
  report(`installing ${PACKAGES.join(', ')} into ${environment}`);
  await run('python3', ['-m', 'venv', environment]);
  await run(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
  return python;
}

async function canImport(python: string): Promise<boolean> {
  try {
    await run(python, ['-c', 'import feast, polars, duckdb, numpy']);
    return true;
  } catch {
    return false;
  }
}
