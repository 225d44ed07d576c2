/** A dataset as one file for the world outside. */
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { DatasetManifest } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';
import { literalText, literalTextList, quoteIdentifier } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { moveInto } from './output-file.ts';
import { copyOptions, outputSql } from './output-sql.ts';
import { tableFormat } from './spine-format.ts';

export interface ExportDependencies {
  readonly lake: Lake;
  /** May read the lake's directories and write `workDirectory`. */
  readonly engine: Engine;
  readonly workDirectory: string;
  readonly signal?: AbortSignal;
}

/** Writes the rows in the spine's order to `output`, by extension as Parquet, CSV or JSON Lines; answers how many. */
export async function exportDataset(
  { lake, engine, workDirectory, signal }: ExportDependencies,
  dataset: DatasetManifest,
  output: string,
): Promise<number> {
  const format = tableFormat(output);
  const directory = join(workDirectory, `export-${randomUUID()}`);
  await mkdir(directory, { recursive: true });
  const half = join(directory, `dataset.${format}`);
  try {
    const files = await Promise.all(dataset.files.map(({ uri }) => lake.localPath(uri)));
    const from = `read_parquet(${literalTextList(files)})`;
    await engine.session(async (session) => {
      const columns = await session.rows(`DESCRIBE SELECT * FROM ${from}`);
      const list = columns.map((column) => {
        const name = quoteIdentifier(String(column['column_name']));
        return `${outputSql(name, String(column['column_type']), format)} AS ${name}`;
      });
      await session.run(`COPY (SELECT ${list.join(', ')} FROM ${from}) TO ${literalText(half)} ${copyOptions(format)}`);
    }, signal);
    await moveInto(half, resolve(output));
    return dataset.rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
