/**
 * The rows that a view's `sql` or `map` makes, as a temporary table with the columns of `viewSource` and a sequence: to
 * everything that follows it is a file of the source. Made once for each session and set of files.
 */
import { AsofError, messageOf } from '../../contracts/errors.ts';
import { SEQUENCE_COLUMN } from '../../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest, ViewRowsManifest } from '../../contracts/manifest.ts';
import type { DefinitionRuntime } from '../../contracts/plan.ts';
import type { StoredType } from '../../contracts/values.ts';
import { storedType } from '../../contracts/values.ts';
import { viewSource } from '../../definitions/view-source.ts';
import type { Session } from '../../engine/engine.ts';
import { quoteIdentifier } from '../../engine/sql.ts';
import type { EventFile } from '../event-relation.ts';
import { mapRows } from './map-rows.ts';
import { queryRows } from './query-rows.ts';

/** What makes rows: the session in which they are made, and the functions of the project's definitions. */
export interface RowMaker {
  readonly session: Session;
  /** Needed for views with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
}

export interface MadeRowsInput {
  readonly view: FeatureViewManifest;
  /** The source itself. */
  readonly base: StoredSourceManifest;
  readonly files: readonly EventFile[];
}

export interface MadeColumn {
  readonly name: string;
  readonly type: StoredType;
}

const TABLES = new WeakMap<Session, Map<string, Promise<string>>>();

/** The table, quoted. Throws `INVALID_VALUE` and `LIMIT_EXCEEDED` naming the view. */
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

/** What the table has beside the sequence. */
export function madeColumns(view: FeatureViewManifest, base: StoredSourceManifest): readonly MadeColumn[] {
  return viewSource(view, base).columns.map(({ name, type }) => ({ name, type: storedType(type) }));
}

/** The columns as a file has them. */
export function madeFileColumns(view: FeatureViewManifest, base: StoredSourceManifest): EventFile['columns'] {
  return [...madeColumns(view, base), { name: SEQUENCE_COLUMN, type: 'int64' }];
}

/** The engine's own words about a query of the user are about the user's input. */
function inView(error: unknown, view: string, { kind }: ViewRowsManifest, source: string): unknown {
  if (kind === 'map' || !(error instanceof AsofError) || error.code !== 'ENGINE_FAILED') return error;
  const problem = `over source ${source}: ${String(error.details['problem'] ?? messageOf(error))}`;
  return new AsofError('INVALID_VALUE', { where: `view ${view}, sql`, problem }, error);
}
