/**
 * The rows that a view's `sql` or `map` makes, as a temporary table with the columns of `viewSource` and a sequence: to
 * everything that follows it is a file of the source. Made once for each session and set of files.
 */
import { AsofError, messageOf } from '../../contracts/errors.ts';
import type { ViewRowsManifest } from '../../contracts/manifest.ts';
import type { Session } from '../../engine/engine.ts';
import { quoteIdentifier } from '../../engine/sql.ts';
import type { MadeRowsInput, RowMaker } from './made-input.ts';
import { mapRows } from './map-rows.ts';
import { queryRows } from './query-rows.ts';

const TABLES = new WeakMap<Session, Map<string, Promise<string>>>();

/**
 * The table, quoted. Rows that have arrived are looked at once in a session. Throws `INVALID_VALUE` and `LIMIT_EXCEEDED`
 * naming the view.
 */
export function makeRows(maker: RowMaker, input: MadeRowsInput): Promise<string> {
  const tables = TABLES.get(maker.session) ?? new Map<string, Promise<string>>();
  TABLES.set(maker.session, tables);
  const key = JSON.stringify([input.view.fingerprint, input.files.map(({ localPath }) => localPath)]);
  let table = tables.get(key);
  if (table === undefined) {
    table = make(maker, input, quoteIdentifier(`__made_rows_${tables.size}`));
    tables.set(key, table);
  }
  return table;
}

async function make(maker: RowMaker, input: MadeRowsInput, table: string): Promise<string> {
  const { view, base } = input;
  const { rows } = view;
  if (rows === undefined) throw new TypeError(`view ${view.name} makes no rows`);
  try {
    if (rows.kind === 'map') await mapRows(maker, input, table);
    else await queryRows(maker.session, { ...input, rows }, table);
  } catch (error) {
    throw inView(error, view.name, rows, base.name);
  }
  return table;
}

/** The engine's own words about a query of the user are about the user's input. */
function inView(error: unknown, view: string, { kind }: ViewRowsManifest, source: string): unknown {
  if (kind === 'map' || !(error instanceof AsofError) || error.code !== 'ENGINE_FAILED') return error;
  const problem = `over source ${source}: ${String(error.details['problem'] ?? messageOf(error))}`;
  return new AsofError('INVALID_VALUE', { where: `view ${view}, sql`, problem }, error);
}
