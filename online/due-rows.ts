/**
 * When rows of a view become due, in SQL: the instant, in microseconds, from which a row counts. The same rule as
 * `asofDueAt` and `aggregateDueAt`.
 */
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import { literalBigint, quoteIdentifier } from '../engine/sql.ts';
import { relationKeys } from '../offline/event-relation.ts';

/**
 * Rows of an event relation that were due at `to` but, with `after`, not yet at `after`. Keys are not null, unless events
 * have ids: a row without a key still ends the rows of its event.
 */
export function dueRows(
  relation: string,
  { view, source }: { readonly view: FeatureViewManifest; readonly source: StoredSourceManifest },
  { after, to }: { readonly after?: Micros; readonly to: Micros },
): string {
  const due = dueSql(view, source);
  const conditions = [
    ...(hasEvents(view, source) ? [] : [keyedSql(view)]),
    ...createdSql(view, source),
    `${due} <= ${literalBigint(to)}`,
    ...(after === undefined ? [] : [`${due} > ${literalBigint(after)}`]),
  ];
  return `SELECT * FROM (${relation}) WHERE ${conditions.join(' AND ')}`;
}

/** Whether the rows of one id are one event, of which the greatest counts. */
export function hasEvents(view: FeatureViewManifest, { eventId }: StoredSourceManifest): boolean {
  return view.mode === 'aggregate' && eventId !== null;
}

/** The condition that a row has a key. */
export function keyedSql(view: FeatureViewManifest): string {
  return relationKeys(view)
    .map((key) => `${quoteIdentifier(key)} IS NOT NULL`)
    .join(' AND ');
}

/** The condition that a row of an event relation counts at some instant. */
export function countsSql(view: FeatureViewManifest, source: StoredSourceManifest): string {
  return [keyedSql(view), ...createdSql(view, source)].join(' AND ');
}

/** Whether rows count only once they were created. */
export function knowsCreated(view: FeatureViewManifest, source: StoredSourceManifest): boolean {
  return view.asKnown && source.created !== null;
}

function createdSql(view: FeatureViewManifest, source: StoredSourceManifest): readonly string[] {
  return knowsCreated(view, source) ? ['__created IS NOT NULL'] : [];
}

/** From its event to the instant at which a row counts; windows end before the instant they are asked at. */
export function publishedAfter(view: FeatureViewManifest): bigint {
  return BigInt(view.delayMicros) + (view.mode === 'aggregate' ? 1n : 0n);
}

function dueSql(view: FeatureViewManifest, source: StoredSourceManifest): string {
  const published = `epoch_us(__event) + ${literalBigint(publishedAfter(view))}`;
  return knowsCreated(view, source) ? `greatest(${published}, epoch_us(__created))` : `(${published})`;
}
