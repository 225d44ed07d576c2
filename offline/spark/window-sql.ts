/** The statements for the windows of an aggregate view, one for each method. See `SparkMethod` for what they are for. */
import { sparkBigint } from '../../engine/spark/spark-sql.ts';
import { aggregateSql } from './aggregate-sql.ts';
import { keyList, keysMatch } from './events-sql.ts';
import type { SparkFeature, SparkMethod, SparkWindows } from './window-plan.ts';
import { entrySql, hasEnteredSql, windowRowsSql, type WindowSources } from './window-rows-sql.ts';

/**
 * For requests with rows in a window: `row`, and for each feature of the method its columns `v<position>` (and `u<position>`
 * for distinct counts) and, when the source has `created`, `leak<position>`.
 */
export function windowSql(method: SparkMethod, plan: SparkWindows, sources: WindowSources): string {
  const features = plan.features.filter((feature) => feature.method === method);
  return `${windowRowsSql(plan, sources)},\n${BUILDERS[method](plan, features)}`;
}

type Builder = (plan: SparkWindows, features: readonly SparkFeature[]) => string;

const BUILDERS: Readonly<Record<SparkMethod, Builder>> = {
  ranged: rangedSql,
  running: runningSql,
  recent: recentSql,
  joined: joinedSql,
};

/** Requests and rows meet in slots of time as long as the longest window, so that no pair is further apart than two of them. */
function rangedSql(plan: SparkWindows, features: readonly SparkFeature[]): string {
  const reach = sparkBigint(features.reduce((most, { window }) => maximum(most, reachOf(window)), 1n));
  const newest = `at - ${sparkBigint(BigInt(plan.delayMicros) + 1n)}`;
  const slots = `sequence(${slotSql(`at - ${reach}`, reach)}, ${slotSql(newest, reach)})`;
  return `spread AS (
  SELECT row, at, ${keyList(plan.keys)}, explode(${slots}) AS slot FROM asked WHERE at - ${reach} <= ${newest}
),
slotted AS (SELECT *, ${slotSql('ev', reach)} AS slot FROM narrow)
SELECT row, ${columnsSql(plan, features, (feature) => `f${feature.filter} AND ${inWindowSql(feature)}`)}
FROM spread a JOIN slotted e ON ${keysMatch(plan.keys, 'a', 'e')} AND a.slot = e.slot
  AND e.ev >= a.at - ${reach} AND ${hasEnteredSql(plan)}
GROUP BY row, at`;
}

function reachOf(window: SparkFeature['window']): bigint {
  return window.kind === 'duration' ? BigInt(window.micros) + BigInt(window.resolutionMicros ?? 0) : 0n;
}

function maximum(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Rounds down, before 1970 too. */
function slotSql(micros: string, length: string): string {
  return `(${micros} - pmod(${micros}, ${length})) DIV ${length}`;
}

function inWindowSql({ window }: SparkFeature): string {
  if (window.kind !== 'duration') return 'true';
  const start = `at - ${sparkBigint(BigInt(window.micros))}`;
  if (window.resolutionMicros === null) return `ev >= ${start}`;
  return `ev >= ${start} - pmod(${start}, ${sparkBigint(BigInt(window.resolutionMicros))})`;
}

/** Rows enter before the requests of the same instant. */
function runningSql(plan: SparkWindows, features: readonly SparkFeature[]): string {
  return `entries AS (${timelineSql(plan)}),
answers AS (
  SELECT row, kind, ${columnsSql(plan, features, ({ filter }) => `f${filter}`, ' OVER line')}
  FROM entries WINDOW line AS (PARTITION BY ${keyList(plan.keys)} ORDER BY at, kind
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT ${['row', ...columnNames(plan, features)].join(', ')} FROM answers WHERE kind = 1`;
}

/** Each row gets its place among the rows of its key that pass a filter; a request wants the places up to its own. */
function recentSql(plan: SparkWindows, features: readonly SparkFeature[]): string {
  const filters = [...new Set(features.map(({ filter }) => filter))];
  const counts = filters.map(
    (filter) => `count(CASE WHEN f${filter} THEN 1 END) OVER (PARTITION BY ${keyList(plan.keys)}
      ORDER BY at, kind, cr, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS n${filter}`,
  );
  const most = filters.map((filter) =>
    Math.max(...features.map((one) => (one.filter === filter && one.window.kind === 'last' ? one.window.count : 0))),
  );
  const places = filters.map((filter) => `CASE WHEN f${filter} THEN n${filter} END`).join(', ');
  const newest = filters.map((filter) => `n${filter}`).join(', ');
  const keys = keyList(plan.keys);
  const condition = ({ filter, window }: SparkFeature): string =>
    `g = ${filters.indexOf(filter)} AND rank <= ${window.kind === 'last' ? window.count : 0}`;
  const inputs = plan.inputs.map((_, index) => `, p.i${index}`).join('');
  return `entries AS (${timelineSql(plan)}),
counted AS (SELECT *, ${counts.join(', ')} FROM entries),
places AS (SELECT *, posexplode(array(${places})) AS (g, n) FROM counted WHERE kind = 0),
asking AS (SELECT row, at, ${keys}, posexplode(array(${newest})) AS (g, newest) FROM counted WHERE kind = 1),
wanted AS (
  SELECT *, explode(sequence(greatest(newest - element_at(array(${most.join(', ')}), g + 1) + 1, 1), newest)) AS n
  FROM asking WHERE newest > 0
),
pairs AS (
  SELECT w.row, w.at, w.g, w.newest - w.n + 1 AS rank, p.ev, p.cr, p.seq${inputs}
  FROM wanted w JOIN places p ON ${keysMatch(plan.keys, 'w', 'p')} AND w.g = p.g AND w.n = p.n
)
SELECT row, ${columnsSql(plan, features, condition)} FROM pairs GROUP BY row, at`;
}

function joinedSql(plan: SparkWindows, features: readonly SparkFeature[]): string {
  const filters = [...new Set(features.filter(({ window }) => window.kind === 'last').map(({ filter }) => filter))];
  const ranks = filters.map(
    (filter) => `count(CASE WHEN f${filter} THEN 1 END) OVER (PARTITION BY row
      ORDER BY ev DESC, cr DESC, seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS n${filter}`,
  );
  const condition = ({ filter, window }: SparkFeature): string =>
    window.kind === 'last' ? `f${filter} AND n${filter} <= ${window.count}` : `f${filter}`;
  return `pairs AS (
  SELECT a.row, a.at, e.* FROM asked a JOIN narrow e ON ${keysMatch(plan.keys, 'a', 'e')} AND ${hasEnteredSql(plan)}
),
ranked AS (SELECT ${['*', ...ranks].join(', ')} FROM pairs)
SELECT row, ${columnsSql(plan, features, condition)} FROM ranked GROUP BY row, at`;
}

/** Rows and requests of a key in one line: `at` is a row's entry (`kind` 0) or a request's instant (1). */
function timelineSql(plan: SparkWindows): string {
  const own = [...plan.inputs.map((_, index) => `i${index}`), ...plan.filters.map((_, index) => `f${index}`)];
  const keys = keyList(plan.keys);
  const none = ['ev', 'cr', 'seq', ...own].map((name) => `NULL AS ${name}`);
  return `
  SELECT ${keys}, ${entrySql(plan)} AS at, 0 AS kind, CAST(NULL AS BIGINT) AS row, ${['ev', 'cr', 'seq', ...own].join(', ')}
  FROM narrow
  UNION ALL
  SELECT ${keys}, at, 1 AS kind, row, ${none.join(', ')} FROM asked
`;
}

function columnsSql(
  plan: SparkWindows,
  features: readonly SparkFeature[],
  conditionOf: (feature: SparkFeature) => string,
  over = '',
): string {
  return features
    .flatMap((feature) => {
      const condition = conditionOf(feature);
      const input = feature.input === null ? null : plan.inputs[feature.input]!;
      const value = feature.input === null ? null : `i${feature.input}`;
      const type = input?.type ?? 'int64';
      const columns = aggregateSql({ ...feature, value, type, condition, over });
      const leak = `coalesce(max(CASE WHEN ${condition} THEN cr END)${over} > at, false)`;
      return [...columns, ...(plan.hasCreated ? [leak] : [])];
    })
    .map((column, index) => `${column} AS ${columnNames(plan, features)[index]}`)
    .join(',\n  ');
}

function columnNames({ hasCreated }: SparkWindows, features: readonly SparkFeature[]): readonly string[] {
  return features.flatMap(({ position, function: name }) => [
    `v${position}`,
    ...(name === 'approxCountDistinct' ? [`u${position}`] : []),
    ...(hasCreated ? [`leak${position}`] : []),
  ]);
}
