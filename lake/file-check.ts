/** One file of the lake against what the catalog says of it. */
import { isDeepStrictEqual } from 'node:util';
import { measureColumns } from './column-statistics.ts';
import type { Lake } from './lake.ts';
import { withLeases } from './leases.ts';
import { objectPath } from './object-path.ts';
import { messageOf } from '../contracts/errors.ts';
import { SEQUENCE_COLUMN, STATISTICS_COLUMNS } from '../contracts/lake.ts';
import type { ColumnStatistics, CommittedFile, FileReference } from '../contracts/lake.ts';
import type { Engine } from '../engine/engine.ts';
import { quoteIdentifier } from '../engine/sql.ts';

/** What is wrong with a data file, in words; undefined when nothing is. */
export async function checkDataFile(input: {
  readonly lake: Lake;
  readonly engine: Engine;
  readonly file: CommittedFile;
  readonly deep: boolean;
}): Promise<string | undefined> {
  const { lake, engine, file, deep } = input;
  const problem = await checkBytes(lake, file.path, file);
  return problem ?? withLeases(() => checkRows(lake, engine, file, deep));
}

/** The same for a file of a dataset, of which the catalog knows size and checksum. */
export async function checkReference(lake: Lake, reference: FileReference): Promise<string | undefined> {
  const path = objectPath(lake, reference.uri);
  return path === undefined ? 'it is not in this lake' : checkBytes(lake, path, reference);
}

async function checkBytes(
  lake: Lake,
  path: string,
  expected: { readonly bytes: number; readonly checksum: string },
): Promise<string | undefined> {
  const found = await lake.stat(path);
  if (found === undefined) return 'it is missing';
  if (found.bytes !== expected.bytes) return `it has ${found.bytes} bytes instead of ${expected.bytes}`;
  const { checksum } = await lake.facts(path);
  return checksum === expected.checksum ? undefined : 'its bytes do not match its checksum';
}

async function checkRows(lake: Lake, engine: Engine, file: CommittedFile, deep: boolean): Promise<string | undefined> {
  const localPath = await lake.localPath(file.path);
  try {
    return await engine.session(async (session) => {
      const names = file.columns.map(({ name }) => name);
      const hasSequence = names.includes(SEQUENCE_COLUMN);
      const facts = [
        'count(*) AS rows',
        ...(deep && hasSequence ? [`min(${SEQUENCE_COLUMN}) AS low`, `max(${SEQUENCE_COLUMN}) AS high`] : []),
        // reading every column proves that every page decodes
        ...(deep ? names.map((name) => `count(${quoteIdentifier(name)})`) : []),
      ];
      const { row, statistics } = await measureColumns(session, localPath, deep ? file.columns : [], facts);
      if (row['rows'] !== BigInt(file.rows)) return `it has ${String(row['rows'])} rows instead of ${file.rows}`;
      if (!deep) return undefined;
      const [low, high] = hasSequence ? [row['low'], row['high']] : [null, null];
      if (low !== file.minSequence || high !== file.maxSequence) return 'its sequences are not those of the catalog';
      return statisticsProblem(file, statistics);
    });
  } catch (error) {
    return `it cannot be read: ${messageOf(error)}`;
  }
}

/** Readers leave files out by these numbers: wrong ones would lose rows. */
function statisticsProblem(file: CommittedFile, actual: readonly ColumnStatistics[]): string | undefined {
  const lying = file.statistics?.find((recorded, index) => !isDeepStrictEqual(recorded, actual[index]));
  if (lying !== undefined) return `its statistics of column "${lying.name}" are not those of the catalog`;
  if (file.minEvent === null || file.maxEvent === null) return undefined;
  // which column holds the event time is the source's to say, and may have changed since
  const times = actual.filter(({ name }) => file.columns.some((one) => one.name === name && one.type === 'timestamp'));
  const isOf = times.some(({ min, max }) => min === String(file.minEvent) && max === String(file.maxEvent));
  const allAreSeen = file.columns.length <= STATISTICS_COLUMNS;
  return isOf || !allAreSeen ? undefined : 'its range of event time is not that of the catalog';
}
