/** A project for one row of the benchmarks: data that are made once, and a lake of them that is filled once. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asof } from '../examples/flights/asof-command.ts';
import { PARQUET } from '../lake/tables.ts';
import type { BenchContext } from './row.ts';

/** Raised when the lake's files come to hold the same rows in another way; their options are compared by themselves. */
const LAKE_FORMAT = 1;
const PROJECT = 'bench';

export interface LakeProjectInput {
  /** Of the directory in the cache: a world and the version of its generator. */
  readonly name: string;
  /** Writes what is missing below the directory. */
  readonly makeData: (root: string) => Promise<void>;
  /** The text of a definitions file; paths are relative to the project, which stands in the data's directory. */
  readonly definitions: string;
  /** Commands after `apply`, such as `['ingest', 'events']`. */
  readonly steps: readonly (readonly string[])[];
}

export interface LakeProject {
  /** Of the data. */
  readonly root: string;
  /** Of the project. */
  readonly directory: string;
}

/** The project, with its lake; made again when definitions, steps or the lake's format changed. */
export async function provideLakeProject(
  { cache, report }: BenchContext,
  { name, makeData, definitions, steps }: LakeProjectInput,
): Promise<LakeProject> {
  const root = path.join(cache, name);
  await mkdir(root, { recursive: true });
  report(`data in ${root}`);
  await makeData(root);
  const directory = path.join(root, 'project');
  const version = createHash('sha256').update(JSON.stringify({ LAKE_FORMAT, PARQUET, definitions, steps }));
  const stamp = path.join(directory, `filled-${version.digest('hex').slice(0, 16)}`);
  if (existsSync(stamp)) return { root, directory };
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'features.ts'), definitions);
  const config = `{ project: '${PROJECT}', definitions: 'features.ts' }`;
  await writeFile(
    path.join(directory, 'asof.config.ts'),
    `import { defineConfig } from 'asof';\n\nexport default defineConfig(${config});\n`,
  );
  await asof(directory, 'apply', '--yes');
  for (const step of steps) {
    report(`asof ${step.join(' ')}`);
    await asof(directory, ...step);
  }
  await writeFile(stamp, '');
  return { root, directory };
}

/** A glob of the lake's files of a source. */
export function sourceFiles({ directory }: LakeProject, source: string): string {
  return path.join(directory, '.asof/lake', PROJECT, 'sources', source, '*.parquet');
}
