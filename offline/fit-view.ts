/**
 * Fits the transforms of a view to the rows of a stated range, at one snapshot. A column is fitted to its values; an
 * aggregate to the values that it has at the time of each of those rows. Null, NaN and infinities teach nothing.
 */
import { AsofError } from '../contracts/errors.ts';
import type { FitBasis, FittedParameters } from '../contracts/fits.ts';
import type { FeatureManifest, FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime, PlannedView } from '../contracts/plan.ts';
import { formatInstant, type Micros } from '../contracts/time.ts';
import { fittedFeatures } from '../definitions/fitting.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { identifierList, literalTimestamp, quoteIdentifier } from '../engine/sql.ts';
import { relationKeys, columnType, usedColumns, DELETED_COLUMN } from './event-relation.ts';
import { aggregateType } from './feature-sql.ts';
import { sourceTable } from './view-coverage.ts';
import { openViewEvents, type EventDependencies, type ViewEvents } from './view-events.ts';
import { computeViewFeatures, viewFeatureSql } from './view-features.ts';

/** Beyond it a code says little, and every plan would carry the list: `hashEncode` is made for these. */
const MOST_CATEGORIES = 50_000;

export interface FitDependencies extends EventDependencies {
  readonly engine: Engine;
  /** Needed for views with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FitRequest {
  readonly project: string;
  readonly view: FeatureViewManifest;
  /** As the view sees it. */
  readonly source: StoredSourceManifest;
  /** The source itself. */
  readonly base: StoredSourceManifest;
  /** Event times of the rows, half open. */
  readonly from: Micros | null;
  readonly until: Micros;
}

/** Values of a feature in the session: its rows, and the expression of the value before its transform. */
interface Values {
  /** A FROM item with an order of its rows, `__order`. */
  readonly relation: string;
  readonly value: string;
}

/**
 * The parameters of every transform that is not given any. Throws `INVALID_VALUE` when a feature has nothing to learn from
 * in the range, `LIMIT_EXCEEDED` for more than `MOST_CATEGORIES` categories.
 */
export async function fitView(
  dependencies: FitDependencies,
  request: FitRequest,
): Promise<FitBasis & { readonly features: FittedParameters }> {
  const { project, view, source, base, from, until } = request;
  const { runtime } = dependencies;
  const features = fittedFeatures(view);
  const snapshot = await dependencies.tables.head(sourceTable(project, source));
  // windows of the first rows reach back before the range
  const range = view.mode === 'asof' && from !== null ? { from, to: until } : { to: until };
  return dependencies.engine.session(async (session) => {
    const input = { project, view, source, base, snapshot, range };
    const events = await openViewEvents(dependencies, input, { session, runtime });
    await session.run(`CREATE TEMP TABLE fitted_rows AS ${orderedRows(request, events)}`);
    const [count] = await session.rows('SELECT count(*) AS n FROM fitted_rows');
    const values = await openValues(session, request, features, events);
    const fitted: Record<string, Readonly<Record<string, unknown>>> = {};
    for (const feature of features) {
      fitted[feature.name] = await fitFeature(session, feature, values(feature), request);
    }
    return { from, until, snapshot, rows: Number(count!['n']), features: fitted };
  }, dependencies.signal);
}

/** The rows of the range in row order, numbered. Deletes and rows without a key are none of them. */
function orderedRows({ view, source, from, until }: FitRequest, events: ViewEvents): string {
  const keys = relationKeys(view);
  const columns = view.mode === 'asof' ? usedColumns(view) : [];
  const names = [...new Set([...keys, ...columns])];
  const conditions = [
    ...keys.map((key) => `${quoteIdentifier(key)} IS NOT NULL`),
    `__event < ${literalTimestamp(until)}`,
    ...(from === null ? [] : [`__event >= ${literalTimestamp(from)}`]),
    ...(source.operation === null ? [] : [`NOT ${DELETED_COLUMN}`]),
    ...(view.asKnown && source.created !== null ? [`__created < ${literalTimestamp(until)}`] : []),
  ];
  return `SELECT row_number() OVER (ORDER BY __event, __created NULLS FIRST, __seq) - 1 AS __row,
  __event AS __at, ${identifierList(names)} FROM (${events(columns)}) WHERE ${conditions.join(' AND ')}`;
}

async function openValues(
  session: Session,
  { view, source }: FitRequest,
  features: readonly FeatureManifest[],
  events: ViewEvents,
): Promise<(feature: FeatureManifest) => Values> {
  if (view.mode === 'asof') {
    return ({ column }) => ({ relation: 'fitted_rows', value: quoteIdentifier(column ?? '') });
  }
  const planned: PlannedView = {
    kind: 'feature',
    as: view.name,
    view,
    source,
    spineColumns: [],
    features: features.map((feature) => untransformed(feature, source)),
  };
  const resultTable = 'fitted_values';
  const requestKeys = relationKeys(view);
  const { asKnown } = view;
  await computeViewFeatures(session, { planned, events, requests: 'fitted_rows', requestKeys, asKnown, resultTable });
  const sql = viewFeatureSql(planned, resultTable);
  return ({ name }) => ({ relation: resultTable, value: sql.find((one) => one.name === name)!.value });
}

function untransformed(feature: FeatureManifest, source: StoredSourceManifest): FeatureManifest {
  return feature.kind === 'aggregate'
    ? { ...feature, transform: null, default: null, valueType: aggregateType(feature, source) }
    : { ...feature, transform: null, default: null, valueType: columnType(source, feature.column) };
}

async function fitFeature(
  session: Session,
  { name, transform }: FeatureManifest,
  { relation, value }: Values,
  request: FitRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const numbers = `(SELECT (${value})::DOUBLE AS x FROM ${relation}) WHERE isfinite(x)`;
  switch (transform!.function) {
    case 'normalize': {
      const [row] = await session.rows(`SELECT min(x) AS "min", max(x) AS "max" FROM ${numbers}`);
      return { min: learned(row!['min'], name, request), max: learned(row!['max'], name, request) };
    }
    case 'standardize': {
      const [row] = await session.rows(`SELECT avg(x) AS mean, stddev_samp(x) AS std FROM ${numbers}`);
      // a single value has no deviation
      return { mean: learned(row!['mean'], name, request), std: Number(row!['std'] ?? 0) };
    }
    case 'categoricalEncode':
      return { mapping: await numberCategories(session, name, { relation, value }, request) };
    default:
      throw new TypeError(`${transform!.function} is not fitted`);
  }
}

/** By the row in which each first appears. */
async function numberCategories(
  session: Session,
  name: string,
  { relation, value }: Values,
  request: FitRequest,
): Promise<Readonly<Record<string, number>>> {
  const rows = await session.rows(`SELECT category FROM (
  SELECT (${value})::VARCHAR AS category, min(__row) AS first FROM ${relation} GROUP BY category
) WHERE category IS NOT NULL ORDER BY first LIMIT ${MOST_CATEGORIES + 1}`);
  if (rows.length > MOST_CATEGORIES) {
    throw new AsofError('LIMIT_EXCEEDED', {
      where: `view ${request.view.name}, feature ${name}`,
      problem: `more than ${MOST_CATEGORIES} categories; use hashEncode({ buckets })`,
    });
  }
  if (rows.length === 0) throw nothingToLearn(name, request);
  return Object.fromEntries(rows.map(({ category }, code) => [String(category), code]));
}

function learned(value: unknown, feature: string, request: FitRequest): number {
  if (typeof value !== 'number') throw nothingToLearn(feature, request);
  // minus zero does not survive JSON
  return value + 0;
}

function nothingToLearn(feature: string, { view, from, until }: FitRequest): AsofError {
  const start = from === null ? '' : ` from ${formatInstant(from)}`;
  return new AsofError('INVALID_VALUE', {
    where: `view ${view.name}, feature ${feature}`,
    problem: `there is no value to learn from in rows${start} until ${formatInstant(until)}; nothing was fitted`,
  });
}
