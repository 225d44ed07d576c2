/** Rows that a view's `map` makes of its source's, one by one. */
import { inspect } from 'node:util';
import { AsofError } from '../../contracts/errors.ts';
import { SEQUENCE_COLUMN } from '../../contracts/lake.ts';
import { formatInstant } from '../../contracts/time.ts';
import { storedType, type FeatureValue } from '../../contracts/values.ts';
import type { ColumnBatch, EngineValue } from '../../engine/engine.ts';
import { quoteIdentifier, sqlType } from '../../engine/sql.ts';
import { cellOf } from '../../engine/vector-reader.ts';
import { fromTypeScript, toTypeScript } from '../typescript-values.ts';
import { madeColumns, type MadeRowsInput, type RowMaker } from './made-input.ts';
import { carriedNames, CARRIED_TIME, sourceRowsSql } from './source-columns.ts';

/**
 * The sequence of a made row is that of its row times this, and its place among the rows made of it: the order of the source
 * stays, and no two are alike.
 */
export const ROWS_OF_A_ROW = 1024n;

/** Creates the table. Throws `INVALID_VALUE` naming view, row and column. */
export async function mapRows({ session, runtime }: RowMaker, input: MadeRowsInput, table: string): Promise<void> {
  if (runtime === undefined) throw new TypeError(`view ${input.view.name} has a map, and nothing to run it with`);
  const { view, base } = input;
  const columns = madeColumns(view, base);
  const kept = new Set(carriedNames(base).map(({ as }) => as));
  const own = columns.filter(({ name }) => !kept.has(name));
  const made = [...own, ...columns.filter(({ name }) => kept.has(name))];
  const declared = [...made, { name: SEQUENCE_COLUMN, type: 'int64' as const }];
  const types = declared.map(({ name, type }) => `${quoteIdentifier(name)} ${sqlType(type)}`);
  await session.run(`CREATE TEMP TABLE ${table} (${types.join(', ')})`);
  const name = table.slice(1, -1);
  for await (const batch of session.stream(sourceRowsSql(input))) {
    const read = cellReader(batch);
    const values: EngineValue[][] = declared.map(() => []);
    for (let row = 0; row < batch.rows; row++) {
      const sequence = read(SEQUENCE_COLUMN, row) as bigint;
      const time = read(CARRIED_TIME, row) as bigint;
      const where = `view ${view.name}, map, row at ${formatInstant(time)} (sequence ${sequence})`;
      const rows = callMap(() => runtime.map(view.name, typedRow(input, read, row)), where);
      if (rows.length > ROWS_OF_A_ROW) {
        throw new AsofError('LIMIT_EXCEEDED', { where, problem: `it makes more than ${ROWS_OF_A_ROW} rows of one` });
      }
      if (rows.length > 1 && base.eventId !== null) {
        const problem = `it makes ${rows.length} rows of one event; a source with an eventId allows one`;
        throw new AsofError('INVALID_VALUE', { where, problem });
      }
      rows.forEach((one, place) => {
        own.forEach((column, index) => values[index]!.push(cellOfRow(one, column, base.timestamp, time, where)));
        made.slice(own.length).forEach(({ name: as }, index) => values[own.length + index]!.push(read(as, row)));
        values.at(-1)!.push(sequence * ROWS_OF_A_ROW + BigInt(place));
      });
    }
    if (values[0]!.length > 0)
      await session.append(
        name,
        values.map((list) => ({ values: list })),
      );
  }
}

type CellReader = (column: string, row: number) => EngineValue;

function cellReader(batch: ColumnBatch): CellReader {
  const columns = new Map(batch.columns.map((column) => [column.name, column]));
  return (name, row) => cellOf(columns.get(name)!, row);
}

function typedRow({ base }: MadeRowsInput, read: CellReader, row: number): Readonly<Record<string, FeatureValue>> {
  return Object.fromEntries(
    base.columns.map(({ name, type }) => [name, toTypeScript(read(name, row), storedType(type), false)]),
  );
}

function callMap<T>(work: () => T, where: string): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== 'INVALID_VALUE') throw error;
    throw new AsofError('INVALID_VALUE', { ...error.details, where }, error);
  }
}

/** The time stays that of the row: files and finished intervals are chosen by it. */
function cellOfRow(
  row: Readonly<Record<string, unknown>>,
  { name, type }: { readonly name: string; readonly type: Parameters<typeof fromTypeScript>[1] },
  timestamp: string,
  time: bigint,
  where: string,
): EngineValue {
  const invalid = (problem: string): AsofError =>
    new AsofError('INVALID_VALUE', { where, problem: `column "${name}" ${problem}` });
  const given = row[name];
  if (name === timestamp) {
    if (given === undefined || fromTypeScript(given, type) === time) return time;
    throw invalid('is the time of the row, which a map does not change; a view with sql may');
  }
  if (given === undefined) throw invalid('is missing; give null for no value');
  const value = fromTypeScript(given, type);
  if (value !== undefined) return value;
  throw invalid(`is ${inspect(given).slice(0, 60)}, which is not a valid ${type}`);
}
