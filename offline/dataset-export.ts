/** A dataset as one file for the world outside. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DatasetManifest } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { allRows, chosenRows, openDatasetRows, type ChosenPart } from './dataset-rows.ts';
import { moveInto } from './output-file.ts';
import { copyOptions, outputSql } from './output-sql.ts';
import { tableFormat } from './spine-format.ts';
import { makeWorkDirectory } from './work-directory.ts';

export interface ExportDependencies {
  readonly lake: Lake;
  /** May read the lake's directories and write `workDirectory`. */
  readonly engine: Engine;
  readonly workDirectory: string;
  readonly signal?: AbortSignal;
}

/**
 * Writes the rows in the spine's order, or those of one part, to `output`, by extension as Parquet, CSV or JSON Lines; answers
 * how many. The file appears whole or not at all.
 */
export async function exportDataset(
  { lake, engine, workDirectory, signal }: ExportDependencies,
  dataset: DatasetManifest,
  output: string,
  part?: ChosenPart & { readonly rows: number },
): Promise<number> {
  const format = tableFormat(output);
  const directory = await makeWorkDirectory(workDirectory, 'export');
  const half = join(directory, `dataset.${format}`);
  try {
    await engine.session(async (session) => {
      const rows = await openDatasetRows(session, lake, dataset.files);
      const list = rows.columns.map(
        ({ name, alias, type }) => `${outputSql(alias, type, format)} AS ${quoteIdentifier(name)}`,
      );
      const from = await chosenRows(lake, allRows(rows), part);
      // the files are in order, and stay so unless they are joined
      const select = `SELECT ${list.join(', ')} FROM (${from})${part === undefined ? '' : ' ORDER BY __row'}`;
      await session.run(`COPY (${select}) TO ${literalText(half)} ${copyOptions(format, list.length)}`);
    }, signal);
    await moveInto(half, resolve(output));
    return part?.rows ?? dataset.rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
