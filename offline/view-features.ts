/** The features of one view for a table of requests, inside one session. */
import type { PlannedView } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import { literalBigint, quoteIdentifier } from '../engine/sql.ts';
import { AskedRequests } from './asof/asked-requests.ts';
import { findNewestRows } from './asof/find-newest-rows.ts';
import { countingRows, rowsOfEvents, UNTIL_COLUMN, withoutDeletes } from './event-identity.ts';
import { DELETED_COLUMN, relationKeys, usedColumns, usedTypedColumns } from './event-relation.ts';
import { aggregateType, featureSql, type FeatureSql } from './feature-sql.ts';
import { packColumns } from './packed-columns.ts';
import type { RangeLimits } from './range-batches.ts';
import { computeAggregates, type AggregateSweep } from './sweep/sweep.ts';
import type { ViewEvents } from './view-events.ts';

export interface ViewFeaturesInput {
  readonly planned: PlannedView;
  /** The view's event relation with the columns asked for. */
  readonly events: ViewEvents;
  /** Whether tiles stand for rows. Default: where they pay. */
  readonly tiles?: boolean | undefined;
  /** A table of `__row`, the columns of `requestKeys` and `__at`; rows with a null key are left out here. */
  readonly requests: string;
  /** By position the columns of `requests` that hold the view's keys. */
  readonly requestKeys: readonly string[];
  readonly asKnown: boolean;
  /** `requests` by `requestKeys`, when other as-of views are asked at them too. */
  readonly asked?: AskedRequests;
  /** How rows are gathered before they are placed among requests. Default: by the number of requests. */
  readonly ranges?: RangeLimits;
  /** As `packColumns` takes it. */
  readonly leastPacked?: number;
  /** The temporary table to create. */
  readonly resultTable: string;
}

/** Expressions over the result table, under the alias that it was made with. */
export interface ViewFeatureSql extends FeatureSql {
  readonly name: string;
  /** Whether the value was made from a row created after q; null when the source does not say. */
  readonly leak: string | null;
}

/** Creates the result table: one row for each request, in order of `__row`; null beside it where nothing was found. */
export async function computeViewFeatures(session: Session, input: ViewFeaturesInput): Promise<void> {
  const keys = relationKeys(input.planned.view);
  const known = input.requestKeys.map((key) => `${quoteIdentifier(key)} IS NOT NULL`).join(' AND ');
  const all = quoteIdentifier(input.requests);
  if (input.planned.view.mode === 'aggregate') {
    const named = keys.map((key, index) => `${quoteIdentifier(input.requestKeys[index]!)} AS ${quoteIdentifier(key)}`);
    const requests = `SELECT __row, ${named.join(', ')}, __at FROM ${all} WHERE ${known}`;
    const swept = `${input.resultTable}_swept`;
    await sweepAggregates(session, { ...input, resultTable: swept }, requests, keys);
    await session.run(`INSERT INTO ${quoteIdentifier(swept)} (__row) SELECT __row FROM ${all} WHERE NOT (${known})`);
    await session.run(
      `CREATE TEMP TABLE ${quoteIdentifier(input.resultTable)} AS SELECT * FROM ${quoteIdentifier(swept)} ORDER BY __row`,
    );
    await session.run(`DROP TABLE ${quoteIdentifier(swept)}`);
    return;
  }
  const { requests, requestKeys, resultTable } = input;
  const asked =
    input.asked ?? new AskedRequests(session, { requests, keys: requestKeys, keysTable: `${resultTable}_keys` });
  await findRows(session, input, { asked, keys, withoutKey: `SELECT __row FROM ${all} WHERE NOT (${known})` });
  if (!input.asked) await asked.close();
}

async function findRows(
  session: Session,
  { planned, events, asKnown, resultTable, ranges, leastPacked }: ViewFeaturesInput,
  {
    asked,
    keys,
    withoutKey,
  }: { readonly asked: AskedRequests; readonly keys: readonly string[]; readonly withoutKey: string },
): Promise<void> {
  const { view, source } = planned;
  const result = quoteIdentifier(resultTable);
  const newest = `${resultTable}_newest`;
  const hasCreated = source.created !== null;
  await findNewestRows(session, {
    asked,
    keys,
    events: events([]),
    delayMicros: view.delayMicros,
    hasCreated,
    asKnown: hasCreated && (asKnown || view.asKnown),
    ranges,
    table: newest,
  });
  await session.run(`INSERT INTO ${quoteIdentifier(newest)} (__row) ${withoutKey}`);
  await session.run(`CREATE TEMP TABLE ${result} AS ${foundRowsSql(planned, events, newest, leastPacked)}`);
  await session.run(`DROP TABLE ${quoteIdentifier(newest)}`);
}

/** The features' columns are read for the answers alone. */
function foundRowsSql(
  { view, source, features }: PlannedView,
  events: ViewFeaturesInput['events'],
  newest: string,
  leastPacked: number | undefined,
): string {
  const columns = usedColumns({ features });
  const packed = packColumns(usedTypedColumns({ source, features }), leastPacked).items(
    (column) => `e.${quoteIdentifier(column)}`,
  );
  const found = 'n.__seq IS NOT NULL';
  const young =
    view.ttlMicros === null ? 'true' : `n.__event_micros >= n.__at_micros - ${literalBigint(BigInt(view.ttlMicros))}`;
  const late = source.created === null ? 'false' : 'n.__created_micros > n.__at_micros';
  const kept = source.operation === null ? 'true' : `NOT e.${DELETED_COLUMN}`;
  const times = `n.__row, n.__event_micros, ${late} AS __late`;
  const states = `${found} AND ${young} AND ${kept} AS __live, ${found} AND NOT (${young}) AND ${kept} AS __expired`;
  return `SELECT ${[times, states, ...packed].join(', ')}
FROM ${quoteIdentifier(newest)} n LEFT JOIN (${events(columns)}) e ON e.__seq = n.__seq
ORDER BY n.__row`;
}

async function sweepAggregates(
  session: Session,
  { planned, events, asKnown, resultTable, tiles: wish }: ViewFeaturesInput,
  requests: string,
  keys: readonly string[],
): Promise<void> {
  const columns = usedColumns(planned);
  const live = (rows: string): string => withoutDeletes(rows, planned.source);
  const sweep = {
    view: sweptView(planned, keys),
    events: events(columns),
    requests,
    asKnown,
    resultTable,
  };
  if (planned.source.eventId === null) {
    const tiles = events.tiles && {
      ...events.tiles,
      tiled: live(events.tiles.tiled(columns)),
      untiled: live(events.tiles.untiled(columns)),
      wish,
    };
    await computeAggregates(session, { ...sweep, events: live(sweep.events), tiles });
  } else {
    await sweepIdentified(session, sweep, planned.source.eventId, keys);
  }
}

/** The view as it is swept: with the names of its relation, and before transforms. */
export function sweptView(planned: PlannedView, keys = relationKeys(planned.view)): PlannedView {
  return {
    ...planned,
    view: { ...planned.view, keys: planned.view.keys.map((key, index) => ({ ...key, name: keys[index]! })) },
    features: planned.features.map((feature) =>
      feature.kind === 'aggregate'
        ? { ...feature, valueType: aggregateType(feature, planned.source), transform: null }
        : feature,
    ),
  };
}

/** A sweep in which a row stops to count when a greater one of its event enters. */
async function sweepIdentified(
  session: Session,
  sweep: AggregateSweep,
  eventId: string,
  keys: readonly string[],
): Promise<void> {
  const { view, source } = sweep.view;
  const counting = quoteIdentifier(`${sweep.resultTable}_counting`);
  const asKnown = source.created !== null && (sweep.asKnown || view.asKnown);
  const rows = rowsOfEvents(sweep.events, sweep.requests, eventId, keys);
  await session.run(
    `CREATE TEMP TABLE ${counting} AS ${countingRows(rows, eventId, { delayMicros: view.delayMicros, asKnown })}`,
  );
  const [ending] = await session.rows(`SELECT 1 FROM ${counting} WHERE ${UNTIL_COLUMN} IS NOT NULL LIMIT 1`);
  const events = withoutDeletes(`SELECT * FROM ${counting}`, source);
  await computeAggregates(session, { ...sweep, events, hasUntil: ending !== undefined });
  await session.run(`DROP TABLE ${counting}`);
}

/** How the features read a result table that stands under `alias`, and was made with the same `leastPacked`. */
export function viewFeatureSql(planned: PlannedView, alias: string, leastPacked?: number): readonly ViewFeatureSql[] {
  const { view, source, features } = planned;
  const column = packColumns(usedTypedColumns(planned), leastPacked).read;
  return features.map((feature) => ({
    name: feature.name,
    ...featureSql(feature, source, { alias, column }),
    leak: source.created === null ? null : leakSql(view.mode, alias, feature.name),
  }));
}

function leakSql(mode: PlannedView['view']['mode'], alias: string, feature: string): string {
  const leak =
    mode === 'asof' ? `${alias}.__live AND ${alias}.__late` : `${alias}.${quoteIdentifier(`__leak_${feature}`)}`;
  return `coalesce(${leak}, false)`;
}
