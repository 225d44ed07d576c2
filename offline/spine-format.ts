/** Which format a spine or output file has. */
import { extname } from 'node:path';
import { AsofError } from '../contracts/errors.ts';

export type TableFormat = 'parquet' | 'csv' | 'jsonl';

const FORMATS: Readonly<Record<string, TableFormat>> = {
  '.parquet': 'parquet',
  '.csv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

/** By extension, in any case. Throws `INVALID_VALUE` for another one. */
export function tableFormat(path: string): TableFormat {
  const extension = extname(path).toLowerCase();
  if (Object.hasOwn(FORMATS, extension)) return FORMATS[extension]!;
  const problem = `the extension "${extension}" says nothing about the format; use .parquet, .csv or .jsonl`;
  throw new AsofError('INVALID_VALUE', { where: path, problem });
}
