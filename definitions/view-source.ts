/** The source as a view sees it: what its `sql` or `map` makes of the rows stands in place of them. */
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';

/** Names of the columns in which the identity of a row is carried along beside what a view makes of it. */
export const CARRIED_CREATED = '__row_created';
export const CARRIED_EVENT_ID = '__row_event_id';
export const CARRIED_OPERATION = '__row_operation';

/**
 * The source itself, unless the view makes rows of its own. Rows that are made one by one keep their created time, event id
 * and operation; a query over the whole source has none of them, so nobody can say what was known when.
 */
export function viewSource(
  view: Pick<FeatureViewManifest, 'rows'>,
  source: StoredSourceManifest,
): StoredSourceManifest {
  const { rows } = view;
  if (rows === undefined) return source;
  if (rows.kind === 'query') {
    return { ...source, columns: rows.columns, created: null, eventId: null, operation: null };
  }
  const carried = [
    [source.created, CARRIED_CREATED],
    [source.eventId, CARRIED_EVENT_ID],
    [source.operation, CARRIED_OPERATION],
  ] as const;
  const columns = carried.flatMap(([name, as]) => {
    const column = source.columns.find((one) => one.name === name);
    if (name === null) return [];
    // a created column that the schema leaves out is a timestamp
    return [{ name: as, type: column?.type ?? ('timestamp' as const), from: as }];
  });
  return {
    ...source,
    columns: [...rows.columns, ...columns],
    created: source.created && CARRIED_CREATED,
    eventId: source.eventId && CARRIED_EVENT_ID,
    operation: source.operation && CARRIED_OPERATION,
  };
}
