/**
 * Stage one: the features of one entity group (views that read their key from the same columns of the spine) for one
 * shard of the rows (those whose key hashes to it).
 */
import type { EngineName } from '../contracts/engines.ts';
import { AsofError } from '../contracts/errors.ts';
import type { Micros } from '../contracts/time.ts';
import type { DefinitionRuntime, FeaturePlan, PlannedView } from '../contracts/plan.ts';
import type { StoredType } from '../contracts/values.ts';
import type { Session } from '../engine/engine.ts';
import { quoteIdentifier } from '../engine/sql.ts';
import { AskedRequests } from './asof/asked-requests.ts';
import type { EventRange } from './event-relation.ts';
import { viewFeatureColumns, type FeatureColumn } from './feature-columns.ts';
import { keyColumnName } from './spine-columns.ts';
import { createDuckdbViews } from './duckdb-views.ts';
import type { EngineChoices } from './engine-choice.ts';
import { packColumns } from './packed-columns.ts';
import { createSparkViews, type SparkSetup } from './spark/spark-views.ts';
import type { EventDependencies } from './view-events.ts';
import type { ViewEngine } from './view-engine.ts';
import { viewFeatureSql } from './view-features.ts';

/** Views by `as`, since names are what survives JSON. */
export interface EntityGroup {
  readonly views: readonly string[];
}

/** Groups in order of first use. */
export function entityGroups(plan: FeaturePlan): readonly EntityGroup[] {
  const groups = new Map<string, string[]>();
  for (const { as, spineColumns } of plan.views) {
    const key = JSON.stringify(spineColumns);
    const group = groups.get(key);
    if (group) group.push(as);
    else groups.set(key, [as]);
  }
  return [...groups.values()].map((views) => ({ views }));
}

/** What views are computed with. */
export interface UnitDependencies extends EventDependencies {
  /** Absent when none is configured. */
  readonly spark?: SparkSetup | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface UnitInput {
  readonly project: string;
  readonly plan: FeaturePlan;
  readonly group: EntityGroup;
  readonly shard: { readonly index: number; readonly count: number };
  readonly asKnown: boolean;
  /** Whether tiles stand for rows. Default: where they pay. */
  readonly tiles?: boolean | undefined;
  /** Needed for views with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
  /** A FROM item: the prepared spine. */
  readonly spine: string;
  /** Source name to pinned snapshot. */
  readonly snapshots: Readonly<Record<string, number>>;
  /** The least and greatest q of the spine. */
  readonly firstAt: Micros | null;
  readonly lastAt: Micros | null;
  readonly engines: EngineChoices;
  /**
   * The temporary view to create, over tables named after it: `__row` and the columns of `viewFeatureColumns` (values, inputs and leaks), a row for each
   * row of the shard, in their order.
   */
  readonly table: string;
}

/** A temporary table of the rows of a unit in their order, and what the columns of `viewFeatureColumns` are in it. */
export interface UnitTable {
  readonly table: string;
  /** Expressions over the table's name, each with `AS` and its column. */
  readonly columns: readonly string[];
}

/** Creates the unit's view; gives the tables under it, one for each view of the group. */
export async function computeUnit(
  session: Session,
  dependencies: UnitDependencies,
  input: UnitInput,
): Promise<readonly UnitTable[]> {
  const { plan, table } = input;
  const views = input.group.views.map((as) => plan.views.find((view) => view.as === as)!);
  const keys = keyColumns(plan, views[0]!);
  const requests = `${table}_requests`;
  const { index, count } = input.shard;
  const chosen = count === 1 ? '' : ` WHERE hash(${keys.join(', ')}) % ${count} = ${index}`;
  await session.run(
    `CREATE TEMP TABLE ${quoteIdentifier(requests)} AS SELECT __row, ${keys.join(', ')}, __at FROM ${input.spine}${chosen}`,
  );
  const results = views.flatMap((view) => sliceView(plan, view, `${table}_view${plan.views.indexOf(view)}`));
  const asked = new AskedRequests(session, { requests, keys, keysTable: `${table}_keys` });
  for (const { view, result } of results) {
    await engineOf(dependencies, input.engines[view.as]?.engine).computeView(session, {
      project: input.project,
      planned: view,
      runtime: input.runtime,
      snapshot: input.snapshots[view.source.name] ?? 0,
      range: neededRange(view, input),
      requests,
      requestKeys: keys,
      asKnown: input.asKnown,
      asked,
      tiles: input.tiles,
      resultTable: result,
    });
  }
  await asked.close();
  await session.run(`DROP TABLE ${quoteIdentifier(requests)}`);
  const tables = results.map(({ view, columns, result }) => ({
    table: result,
    columns: resultColumns(view, columns, result),
  }));
  const list = [`${quoteIdentifier(tables[0]!.table)}.__row`, ...tables.flatMap(({ columns }) => columns)];
  await session.run(
    `CREATE TEMP VIEW ${quoteIdentifier(table)} AS SELECT ${list.join(', ')} FROM ${sideBySide(tables)}`,
  );
  return tables;
}

/** Creates a table of rows of the units of a group, in their order. `units` is a FROM item, with a condition where needed. */
export async function createUnitTable(
  session: Session,
  { plan, group, units, table }: { plan: FeaturePlan; group: EntityGroup; units: string; table: string },
): Promise<UnitTable> {
  const types = new Map<string, StoredType>();
  for (const view of plan.views.filter(({ as }) => group.views.includes(as))) {
    for (const { value, input, leaks, type } of viewFeatureColumns(plan, view)) {
      for (const name of [value, input]) types.set(name, type);
      for (const leak of leaks) types.set(leak, 'boolean');
    }
  }
  const columns = [...types].map(([name, type]) => ({ name, type }));
  const packed = packColumns(columns);
  const items = packed.items(quoteIdentifier);
  const name = quoteIdentifier(table);
  await session.run(
    `CREATE TEMP TABLE ${name} AS SELECT ${['__row', ...items].join(', ')} FROM ${units} ORDER BY __row`,
  );
  return { table, columns: columns.map((column) => `${packed.read(column.name, name)} AS ${column.name}`) };
}

/** Tables of the same rows in the same order, as a FROM item: nothing is looked up, and nothing sorted. */
export function sideBySide(tables: readonly { readonly table: string }[]): string {
  return tables.map(({ table }) => quoteIdentifier(table)).join(' POSITIONAL JOIN ');
}

function engineOf(dependencies: UnitDependencies, name: EngineName | undefined): ViewEngine {
  const duckdb = createDuckdbViews(dependencies);
  if (name !== 'spark') return duckdb;
  const { lake, tables, spark, signal } = dependencies;
  if (spark === undefined) {
    throw new AsofError('COMPONENT_MISSING', { component: 'Spark', problem: 'the plan asks for it; set SPARK_URL' });
  }
  return createSparkViews({ lake, tables, signal, ...spark, otherwise: duckdb });
}

function keyColumns(plan: FeaturePlan, view: PlannedView): readonly string[] {
  return view.spineColumns.map((name) => keyColumnName(plan.keyColumns.findIndex(({ column }) => column === name)));
}

/** Features of an as-of view that are fetched together. The engine holds thousands of rows of all of them, several times. */
const SLICE_FEATURES = 1000;

interface ViewSlice {
  readonly view: PlannedView;
  /** Those of the view's features. */
  readonly columns: readonly FeatureColumn[];
  readonly result: string;
}

/** Each leak column stands in one slice. */
function sliceView(plan: FeaturePlan, view: PlannedView, result: string): readonly ViewSlice[] {
  const columns = viewFeatureColumns(plan, view);
  if (view.view.mode !== 'asof' || columns.length <= SLICE_FEATURES) return [{ view, columns, result }];
  return Array.from({ length: Math.ceil(columns.length / SLICE_FEATURES) }, (_, index) => {
    const slice = [index * SLICE_FEATURES, (index + 1) * SLICE_FEATURES] as const;
    return {
      view: { ...view, features: view.features.slice(...slice) },
      columns: columns.slice(...slice).map((column) => (index === 0 ? column : { ...column, leaks: [] })),
      result: `${result}_${index}`,
    };
  });
}

function resultColumns(view: PlannedView, columns: readonly FeatureColumn[], result: string): readonly string[] {
  const values = viewFeatureSql(view, quoteIdentifier(result));
  const leaks = new Map(columns.flatMap(({ leaks: [name] }, index) => (name ? [[name, values[index]!.leak]] : [])));
  return [
    ...values.map(({ value }, index) => `${value} AS ${columns[index]!.value}`),
    ...columns.flatMap(({ value, input }, index) => (input === value ? [] : [`${values[index]!.found} AS ${input}`])),
    ...[...leaks].map(([name, leak]) => `${leak ?? 'false'} AS ${name}`),
  ];
}

/** Event times that can matter to a q of the spine. A row that is too old is as good as none. */
export function neededRange({ view, features }: PlannedView, input: Pick<UnitInput, 'firstAt' | 'lastAt'>): EventRange {
  const { firstAt, lastAt } = input;
  if (firstAt === null || lastAt === null) return { from: 0n, to: 0n };
  const to = lastAt - BigInt(view.delayMicros) + 1n;
  if (view.mode === 'asof') return view.ttlMicros === null ? { to } : { from: firstAt - BigInt(view.ttlMicros), to };
  const reaches = features.map((feature) => {
    if (feature.kind !== 'aggregate' || feature.window.kind !== 'duration') return undefined;
    return BigInt(feature.window.micros) + BigInt(feature.window.resolutionMicros ?? 0);
  });
  if (reaches.includes(undefined)) return { to };
  return { from: firstAt - (reaches as bigint[]).reduce((most, reach) => (reach > most ? reach : most), 0n), to };
}
