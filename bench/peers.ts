/** The peers come from PyPI, into a virtual environment that is made once. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const PACKAGES = ['feast[redis,duckdb]==0.67.*', 'polars', 'duckdb', 'numpy'];

/** The path of a Python that can import every peer. */
export function providePeers(cache: string, report: (line: string) => void): string {
  const environment = path.join(cache, 'peers');
  const python = path.join(environment, 'bin/python');
  if (existsSync(python) && canImport(python)) return python;
  report(`installing ${PACKAGES.join(', ')} into ${environment}`);
  execFileSync('python3', ['-m', 'venv', environment], { stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES], { stdio: ['ignore', 'ignore', 'inherit'] });
  return python;
}

function canImport(python: string): boolean {
  try {
    execFileSync(python, ['-c', 'import feast, polars, duckdb, numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
