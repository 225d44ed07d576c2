/** The rows of a dataset version with their places, from the parts in the lake. */
import type { DatasetManifest } from '../catalog/catalog.ts';
import type { FileReference } from '../contracts/lake.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { recorded } from '../lake/recorded-file.ts';

export interface DatasetColumn {
  readonly name: string;
  /** The engine's. */
  readonly type: string;
  /** Its name in the SQL of the rows. */
  readonly alias: string;
}

export interface DatasetRows {
  /** SELECTs that give `__row`, the 0-based place, and the columns under their aliases; one for each file, in order. */
  readonly parts: readonly string[];
  readonly columns: readonly DatasetColumn[];
}

/** The files are at hand afterwards. */
export async function openDatasetRows(
  session: Session,
  lake: Lake,
  files: DatasetManifest['files'],
): Promise<DatasetRows> {
  const relations = await Promise.all(files.map(async (file) => parquet(await lake.checkedPath(recorded(file)))));
  const described = await session.rows(`DESCRIBE SELECT * EXCLUDE (file_row_number) FROM ${relations[0]!}`);
  const columns = described.map((column, index) => ({
    name: String(column['column_name']),
    type: String(column['column_type']),
    alias: `__d${index}`,
  }));
  const list = columns.map(({ name, alias }) => `${quoteIdentifier(name)} AS ${alias}`).join(', ');
  let first = 0;
  const parts = relations.map((relation, index) => {
    const select = `SELECT file_row_number + ${first} AS __row, ${list} FROM ${relation}`;
    first += files[index]!.rows;
    return select;
  });
  return { parts, columns };
}

/** All parts as one FROM item. */
export function allRows({ parts }: DatasetRows): string {
  return `(${parts.join(' UNION ALL ')})`;
}

function parquet(path: string): string {
  return `read_parquet(${literalText(path)}, hive_partitioning = false, file_row_number = true)`;
}

/** One part of a partition of the rows. */
export interface ChosenPart {
  /** Gives `__row` and `part` of every row. */
  readonly file: FileReference;
  readonly index: number;
}

/** `rows`, a FROM item, or a SELECT of those of them that are in the part. In no order. */
export async function chosenRows(lake: Lake, rows: string, part: ChosenPart | undefined): Promise<string> {
  if (part === undefined) return `SELECT * FROM ${rows}`;
  const split = `read_parquet(${literalText(await lake.checkedPath(recorded(part.file)))})`;
  return `SELECT * FROM ${rows} SEMI JOIN (SELECT __row FROM ${split} WHERE part = ${part.index}) USING (__row)`;
}
