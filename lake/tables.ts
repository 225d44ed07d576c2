/** Parquet files of the tables: from a staged file to what the catalog records of it. */
import { measureColumns } from './column-statistics.ts';
import type { Lake } from './lake.ts';
import type { NewFile } from './paths.ts';
import { AsofError } from '../contracts/errors.ts';
import { SEQUENCE_COLUMN } from '../contracts/lake.ts';
import type { DataFile } from '../contracts/lake.ts';
import type { StoredType } from '../contracts/values.ts';
import type { EngineRow, Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';

type ParquetDescription = Pick<
  DataFile,
  'rows' | 'minEvent' | 'maxEvent' | 'maxCreated' | 'minSequence' | 'maxSequence' | 'columns' | 'statistics'
>;

/**
 * How table files are written. The newer page format stores ascending numbers as differences: sequences in their order are
 * nearly nothing, and the times and sequences of a view's rows, which ascend key by key, a third less.
 */
export const PARQUET = '(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)';

export interface DescribeOptions {
  /** The TIMESTAMP column with the event time; null when the rows have none (quarantine). */
  readonly eventColumn: string | null;
  readonly createdColumn: string | null;
  /** Types by column that a Parquet file cannot tell: a vector `float32[n]` is stored as a list of floats. */
  readonly vectors?: Readonly<Record<string, StoredType>>;
}

/**
 * Counts and ranges of a Parquet file's rows, and the stored types of its columns. Throws `INTERNAL` for a column of a
 * type that the lake does not store, and the engine's error for a file that is not Parquet.
 */
async function describeParquet(
  session: Session,
  localPath: string,
  options: DescribeOptions,
): Promise<ParquetDescription> {
  const relation = `read_parquet(${literalText(localPath)})`;
  const columns = (await session.rows(`DESCRIBE SELECT * FROM ${relation}`)).map((row) =>
    columnOf(row, localPath, options.vectors ?? {}),
  );
  const sequence = columns.some(({ name }) => name === SEQUENCE_COLUMN) ? SEQUENCE_COLUMN : null;
  const { row: facts, statistics } = await measureColumns(session, localPath, columns, [
    'count(*) AS rows',
    `${extreme('min', options.eventColumn)} AS "minEvent"`,
    `${extreme('max', options.eventColumn)} AS "maxEvent"`,
    `${extreme('max', options.createdColumn)} AS "maxCreated"`,
    `${extreme('min', sequence)} AS "minSequence"`,
    `${extreme('max', sequence)} AS "maxSequence"`,
  ]);
  return {
    rows: Number(facts['rows']),
    minEvent: facts['minEvent'] as bigint | null,
    maxEvent: facts['maxEvent'] as bigint | null,
    maxCreated: facts['maxCreated'] as bigint | null,
    minSequence: facts['minSequence'] as bigint | null,
    maxSequence: facts['maxSequence'] as bigint | null,
    columns,
    statistics,
  };
}

/** Publishes the file that was staged under `file.path`, and describes it for the commit. */
export async function publishDataFile(
  lake: Lake,
  session: Session,
  file: NewFile,
  options: DescribeOptions & { readonly bucket?: number },
): Promise<DataFile> {
  const { bytes, checksum } = await lake.publish(file.path);
  const description = await describeParquet(session, await lake.checkedPath({ ...file, bytes, checksum }), options);
  return { ...file, bytes, checksum, bucket: options.bucket ?? null, ...description };
}

function extreme(aggregate: 'min' | 'max', column: string | null): string {
  return column === null ? 'NULL::BIGINT' : `${aggregate}(${quoteIdentifier(column)})`;
}

function columnOf(
  row: EngineRow,
  localPath: string,
  vectors: Readonly<Record<string, StoredType>>,
): { readonly name: string; readonly type: StoredType } {
  const name = String(row['column_name']);
  const type = vectors[name] ?? storedTypeOf(String(row['column_type']));
  if (type !== undefined) return { name, type };
  const problem = `${localPath}: column "${name}" has the type ${String(row['column_type'])}, which the lake does not store`;
  throw new AsofError('INTERNAL', { problem });
}

const STORED_TYPES: Readonly<Record<string, StoredType>> = {
  VARCHAR: 'string',
  BIGINT: 'int64',
  DOUBLE: 'float64',
  BOOLEAN: 'boolean',
  TIMESTAMP: 'timestamp',
  'VARCHAR[]': 'string[]',
  'BIGINT[]': 'int64[]',
  'DOUBLE[]': 'float64[]',
  'BOOLEAN[]': 'boolean[]',
  'TIMESTAMP[]': 'timestamp[]',
};

/** The stored type that `sqlType` of engine/sql.ts writes as this DuckDB type; undefined when there is none. */
function storedTypeOf(duckType: string): StoredType | undefined {
  return Object.hasOwn(STORED_TYPES, duckType) ? STORED_TYPES[duckType] : undefined;
}
