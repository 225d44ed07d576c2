/**
 * When rows of a view become due, in SQL: the instant, in microseconds, from which a row counts. The same rule as
 * `asofDueAt` and `aggregateDueAt`.
 */
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import { literalBigint, quoteIdentifier } from '../engine/sql.ts';
import { relationKeys } from '../offline/event-relation.ts';

/** Rows of an event relation that were due at `to` but, with `after`, not yet at `after`; keys are not null. */
export function dueRows(
  relation: string,
  { view, source }: { readonly view: FeatureViewManifest; readonly source: StoredSourceManifest },
  { after, to }: { readonly after?: Micros; readonly to: Micros },
): string {
  const due = dueSql(view, source);
  const conditions = [
    ...relationKeys(view).map((key) => `${quoteIdentifier(key)} IS NOT NULL`),
    ...(knowsCreated(view, source) ? ['__created IS NOT NULL'] : []),
    `${due} <= ${literalBigint(to)}`,
    ...(after === undefined ? [] : [`${due} > ${literalBigint(after)}`]),
  ];
  return `SELECT * FROM (${relation}) WHERE ${conditions.join(' AND ')}`;
}

/** Whether rows count only once they were created. */
export function knowsCreated(view: FeatureViewManifest, source: StoredSourceManifest): boolean {
  return view.asKnown && source.created !== null;
}

/** From its event to the instant at which a row counts; windows end before the instant they are asked at. */
export function publishedAfter(view: FeatureViewManifest): bigint {
  return BigInt(view.delayMicros) + (view.mode === 'aggregate' ? 1n : 0n);
}

function dueSql(view: FeatureViewManifest, source: StoredSourceManifest): string {
  const published = `epoch_us(__event) + ${literalBigint(publishedAfter(view))}`;
  return knowsCreated(view, source) ? `greatest(${published}, epoch_us(__created))` : `(${published})`;
}
