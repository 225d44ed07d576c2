/**
 * The values of a view's features at its rows, in a table of the session: of an as-of view what each row says, of windows what
 * they hold right before it. As they are served, after transforms; a delete is no row, nor is one without a key.
 */
import type { DefinitionRuntime, PlannedView } from '../../contracts/plan.ts';
import type { Session } from '../../engine/engine.ts';
import { identifierList, literalTimestamp, quoteIdentifier } from '../../engine/sql.ts';
import { DELETED_COLUMN, relationKeys, usedColumns, type EventRange } from '../event-relation.ts';
import { featureSql } from '../feature-sql.ts';
import { openViewEvents, type EventDependencies } from '../view-events.ts';
import { computeViewFeatures, viewFeatureSql } from '../view-features.ts';

export interface ObservedRows {
  readonly project: string;
  /** With the parameters of its fitted transforms. */
  readonly planned: PlannedView;
  /** Of the source. */
  readonly snapshot: number;
  /** Event times of the rows. */
  readonly range: EventRange;
}

/** The event time in a table of observed values; its other columns have the names of the features. */
export const OBSERVED_AT = '__at';

const REQUESTS = 'observed_rows';
const RESULT = 'observed_result';

/** Creates `table`. @param runtime needed for views with a `map` */
export async function observeValues(
  session: Session,
  dependencies: EventDependencies & { readonly runtime?: DefinitionRuntime | undefined },
  { project, planned, snapshot, range }: ObservedRows,
  table: string,
): Promise<void> {
  const { view, source, base } = planned;
  const read = { project, view, source, base, snapshot, range: rowsBehind(planned, range) };
  const events = await openViewEvents(dependencies, read, { session, runtime: dependencies.runtime });
  const columns = view.mode === 'asof' ? usedColumns(planned) : [];
  const keys = relationKeys(view);
  const names = [...new Set([...keys, ...columns])];
  const rows = `SELECT __event AS ${OBSERVED_AT}, ${identifierList(names)} FROM (${events(columns)})
WHERE ${conditions(planned, keys, range).join(' AND ')}`;
  const create = `CREATE TEMP TABLE ${quoteIdentifier(table)} AS`;
  if (view.mode === 'asof') {
    const row = `(SELECT *, true AS __live, false AS __expired FROM (${rows})) r`;
    const column = (name: string): string => `r.${quoteIdentifier(name)}`;
    const values = planned.features.map(
      (feature) => `${featureSql(feature, source, { alias: 'r', column }).value} AS ${quoteIdentifier(feature.name)}`,
    );
    await session.run(`${create} SELECT ${[OBSERVED_AT, ...values].join(', ')} FROM ${row}`);
    return;
  }
  await session.run(`CREATE TEMP TABLE ${REQUESTS} AS SELECT row_number() OVER () - 1 AS __row, * FROM (${rows})`);
  const { asKnown } = view;
  await computeViewFeatures(session, {
    ...{ planned, events, requests: REQUESTS, requestKeys: keys, asKnown, resultTable: RESULT },
  });
  const values = viewFeatureSql(planned, RESULT).map(({ name, value }) => `${value} AS ${quoteIdentifier(name)}`);
  const from = `${RESULT} JOIN ${REQUESTS} o ON o.__row = ${RESULT}.__row`;
  await session.run(`${create} SELECT ${[`o.${OBSERVED_AT}`, ...values].join(', ')} FROM ${from}`);
  for (const made of [REQUESTS, RESULT]) await session.run(`DROP TABLE ${made}`);
}

function conditions({ source }: PlannedView, keys: readonly string[], { from, to }: EventRange): readonly string[] {
  return [
    ...keys.map((key) => `${quoteIdentifier(key)} IS NOT NULL`),
    ...(from === undefined ? [] : [`__event >= ${literalTimestamp(from)}`]),
    ...(to === undefined ? [] : [`__event < ${literalTimestamp(to)}`]),
    ...(source.operation === null ? [] : [`NOT ${DELETED_COLUMN}`]),
  ];
}

/** Event times of all rows of the source that the values of a range are made of. */
export function rowsBehind(
  { view, features }: Pick<PlannedView, 'view' | 'features'>,
  { from, to }: EventRange,
): EventRange {
  // a query over the whole source may give any row any time
  if (view.rows?.kind === 'query') return {};
  const until = to === undefined ? {} : { to };
  if (from === undefined) return until;
  if (view.mode === 'asof') return { from, ...until };
  let reach = 0;
  for (const feature of features) {
    if (feature.kind !== 'aggregate' || feature.window.kind !== 'duration') return until;
    reach = Math.max(reach, feature.window.micros + (feature.window.resolutionMicros ?? 0));
  }
  return { from: from - BigInt(reach + view.delayMicros), ...until };
}
