/** A point-in-time join that every contender does: Parquet to Parquet, views of a ttl of seven days, ties broken by created. */
import path from 'node:path';
import type { Contender } from './contest.ts';
import type { ReadingsProject, ReadingsView } from './readings.ts';

/** What a contender is told, as JSON. Its output has the spine's columns and `view__value`. */
export interface JoinTask {
  readonly views: readonly { readonly name: string; readonly files: string; readonly values: readonly string[] }[];
  readonly spine: string;
  readonly output: string;
  /** For Asof: false to read the source's table where the view's own is there. */
  readonly viewTables?: boolean;
}

export interface JoinInput {
  readonly project: ReadingsProject;
  readonly spine: string;
  readonly python: string;
}

/** Asof on the lake. */
export function asofJoin(
  { project, spine }: Omit<JoinInput, 'python'>,
  options: Partial<Contender> = {},
): Contender & { readonly output: string } {
  const { directory, views } = project;
  const output = outputOf(project, options.name ?? 'Asof');
  const task: JoinTask = { views: views.map(({ name, values, files }) => ({ name, files, values })), spine, output };
  const script = path.join(import.meta.dirname, 'asof-retrieval.ts');
  const command = [process.execPath, '--import', 'tsx', script, directory, JSON.stringify(task)] as const;
  return { name: 'Asof', command, output, ...options };
}

/** A peer on what was ingested, or on the lake's own files. */
export function peerJoin(
  name: string,
  script: string,
  { project, spine, python }: JoinInput,
  options: Partial<Contender> & { readonly files?: (view: ReadingsView) => string; readonly arguments?: string[] } = {},
): Contender {
  const { files = (view: ReadingsView) => view.files, arguments: more = [], ...rest } = options;
  const views = project.views.map((view) => ({ name: view.name, values: view.values, files: files(view) }));
  const task: JoinTask = { views, spine, output: outputOf(project, name) };
  const command = [python, path.join(import.meta.dirname, 'peers', script), JSON.stringify(task), ...more] as const;
  return { name, command, ...rest };
}

function outputOf({ root }: ReadingsProject, name: string): string {
  return path.join(root, `out-${name.replace(/\W+/g, '-')}.parquet`);
}

/** Polars and hand-written DuckDB, each on the ingested file and on the lake's. */
export function handWrittenJoins(input: JoinInput): readonly Contender[] {
  const files = ({ lakeFiles }: ReadingsView): string => lakeFiles;
  return [
    peerJoin('Polars, streaming', 'as_of_polars.py', input),
    peerJoin("Polars, the lake's files", 'as_of_polars.py', input, { files }),
    peerJoin('DuckDB, packed key', 'as_of_duckdb.py', input),
    peerJoin("DuckDB, the lake's files", 'as_of_duckdb.py', input, { files }),
  ];
}
