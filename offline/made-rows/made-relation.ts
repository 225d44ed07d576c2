import type { StoredSourceManifest } from '../../contracts/manifest.ts';
import { eventRelation, type EventRelationInput } from '../event-relation.ts';
import { madeFileColumns, type RowMaker } from './made-input.ts';
import { makeRows } from './made-rows.ts';

/**
 * The event relation over files of a source, by columns. For a view that makes rows they are made first, and `base` is the
 * source itself; `source` is what `viewSource` gives.
 */
export async function openSourceRows(
  maker: RowMaker,
  input: Omit<EventRelationInput, 'table' | 'columns' | 'made'> & { readonly base?: StoredSourceManifest | undefined },
): Promise<(columns: readonly string[]) => string> {
  const { base, ...relation } = input;
  const { view } = relation;
  if (view.rows === undefined) return (columns) => eventRelation({ ...relation, table: 'source', columns });
  if (base === undefined) throw new TypeError(`view ${view.name} makes rows, and its source is not given`);
  const table = await makeRows(maker, { view, base, files: relation.files });
  const made = { from: table, columns: madeFileColumns(view, base) };
  return (columns) => eventRelation({ ...relation, made, table: 'source', columns });
}
