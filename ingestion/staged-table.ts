/** The rows of a group of inputs in one temporary table, cast and numbered. */
import { AsofError } from '../contracts/errors.ts';
import { SEQUENCE_COLUMN, type TimeRange } from '../contracts/lake.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { literalTimestamp, quoteIdentifier, sqlType } from '../engine/sql.ts';
import { faultyValue } from '../sources/reading.ts';
import { FAULT_COLUMN, ROW_COLUMN, type Reading, type SourceColumn, type ValueCheck } from '../sources/source.ts';
import { namingInput } from '../sources/unreadable.ts';

export const STAGED_TABLE = 'staged';
/** Position of the row's input in the group. */
export const INPUT_COLUMN = '__input';

export interface StagedInput {
  readonly reading: Reading;
  readonly sequenceStart: bigint;
  readonly take: readonly TimeRange[] | null;
  readonly skip: readonly TimeRange[];
}

/**
 * Fills `STAGED_TABLE` with `SEQUENCE_COLUMN`, `INPUT_COLUMN`, `FAULT_COLUMN` and the columns of all inputs. Returns
 * those columns: a column that an input does not have is null there, and one with several types is text. Throws
 * `INPUT_VALUE_INVALID` naming file, row and column for a value that the contract does not let pass.
 */
export async function fillStagedTable(
  session: Session,
  source: StoredSourceManifest,
  inputs: readonly StagedInput[],
): Promise<readonly SourceColumn[]> {
  const columns = unionColumns(inputs.map(({ reading }) => reading.columns));
  const typed = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${sqlType(type)}`);
  const own = [`${SEQUENCE_COLUMN} BIGINT`, `${INPUT_COLUMN} INTEGER`, `${FAULT_COLUMN} INTEGER`];
  await session.run(`CREATE TEMP TABLE ${STAGED_TABLE} (${[...own, ...typed].join(', ')})`);
  for (const [position, input] of inputs.entries()) {
    const values = columns.map(({ name, type }) => {
      const has = input.reading.columns.find((column) => sameName(column.name, name));
      return has === undefined ? 'NULL' : `${quoteIdentifier(has.name)}::${sqlType(type)}`;
    });
    const sequence = `${input.sequenceStart}::BIGINT + ${ROW_COLUMN}`;
    await namingInput(source.name, input.reading.path, () =>
      session.run(
        `INSERT INTO ${STAGED_TABLE} SELECT ${[sequence, position, FAULT_COLUMN, ...values].join(', ')} ` +
          `FROM (${input.reading.sql}) WHERE ${takenRows(source, input)}`,
      ),
    );
    await refuseFaults(session, source, input, position);
  }
  return columns;
}

/** A faulty value in words: `column "delay" is not a valid int64`. */
export function describeFault({ from, type, words }: ValueCheck): string {
  return words ?? `column "${from}" is not a valid ${type}`;
}

/** Names of the engine ignore case, so the first spelling stands for all. */
function unionColumns(lists: readonly (readonly SourceColumn[])[]): readonly SourceColumn[] {
  const union = new Map<string, SourceColumn>();
  for (const { name, type } of lists.flat()) {
    const seen = union.get(name.toLowerCase());
    union.set(name.toLowerCase(), { name: seen?.name ?? name, type: !seen || seen.type === type ? type : 'string' });
  }
  return [...union.values()];
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/**
 * Rows without an event time belong to no range: they are taken with the whole file. One whose event time cannot be
 * read might lie in the range, so it is looked at as well.
 */
function takenRows(source: StoredSourceManifest, { take, skip }: StagedInput): string {
  const event = quoteIdentifier(source.timestamp);
  const within = (ranges: readonly TimeRange[]): string =>
    ranges
      .map(({ from, to }) => `(${event} >= ${literalTimestamp(from)} AND ${event} < ${literalTimestamp(to)})`)
      .join(' OR ') || 'false';
  if (take === null) return `coalesce(NOT (${within(skip)}), true)`;
  const unreadable =
    source.contract.types === 'quarantine' ? 'false' : `${event} IS NULL AND ${FAULT_COLUMN} IS NOT NULL`;
  return `coalesce(${within(take)}, ${unreadable})`;
}

async function refuseFaults(
  session: Session,
  source: StoredSourceManifest,
  { reading, sequenceStart }: StagedInput,
  position: number,
): Promise<void> {
  const refused = reading.checks.flatMap((check, index) => (check.quarantine ? [] : [index + 1]));
  if (refused.length === 0) return;
  const [found] = await session.rows(
    `SELECT ${SEQUENCE_COLUMN} AS sequence, ${FAULT_COLUMN} AS fault FROM ${STAGED_TABLE}
     WHERE ${INPUT_COLUMN} = ${position} AND ${FAULT_COLUMN} IN (${refused.join(', ')}) ORDER BY 1 LIMIT 1`,
  );
  const check = found && reading.checks[Number(found['fault']) - 1];
  if (!found || !check) return;
  const row = (found['sequence'] as bigint) - sequenceStart;
  throw new AsofError('INPUT_VALUE_INVALID', {
    where: source.name,
    path: reading.path,
    row: row + reading.firstRow,
    column: check.from,
    value: await faultyValue(session, reading, check, row),
    type: check.type,
  });
}
