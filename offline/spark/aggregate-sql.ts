/**
 * Aggregate functions in Spark, each over the rows that meet a condition. A function gives one or two columns of a result
 * file, from which `result-sql.ts` makes the value.
 */
import { DISTINCT_HASHES } from '../../aggregates/distinct.ts';
import { QUANTILE_DIGITS, type AggregateFunction } from '../../contracts/manifest.ts';
import { sparkBigint } from '../../engine/spark/spark-sql.ts';
import type { StoredType } from '../../contracts/values.ts';

export interface SparkAggregate {
  readonly function: AggregateFunction;
  /** The input's column, null for `count`. For distinct counts it holds hashes. */
  readonly value: string | null;
  readonly type: StoredType;
  /** The condition on a row to take part. */
  readonly condition: string;
  /** Behind each aggregate function: empty for a GROUP BY, ` OVER …` for a running one. */
  readonly over: string;
  /** The p of `approxQuantile`. */
  readonly quantile?: number | undefined;
  /** The most values of `collectDistinct`. */
  readonly limit?: number | undefined;
}

/** Those whose state has a bound, so that it runs along a line of rows. */
export const RUNNING_FUNCTIONS: readonly AggregateFunction[] = [
  'count',
  'sum',
  'mean',
  'min',
  'max',
  'stddev',
  'variance',
  'first',
  'last',
];

/** The order of rows of a key; `cr` is the least number where it is null. */
const ROW_ORDER = 'struct(ev, cr, seq)';

export function aggregateSql(aggregate: SparkAggregate): readonly string[] {
  const { function: name, value, type, condition, over } = aggregate;
  const taken = `CASE WHEN ${condition} THEN ${value ?? '1'} END`;
  const present = `CASE WHEN ${condition} AND ${value} IS NOT NULL THEN ${ROW_ORDER} END`;
  switch (name) {
    case 'count':
      return [`count(${taken})${over}`];
    case 'sum':
      return [type === 'int64' ? integerSum(taken, over) : `sum(${taken})${over}`];
    case 'mean':
      return [
        type === 'int64'
          ? `try_divide(CAST(${integerSum(taken, over)} AS DOUBLE), count(${taken})${over})`
          : `avg(${taken})${over}`,
      ];
    case 'stddev':
      return [`stddev_samp(CAST(${taken} AS DOUBLE))${over}`];
    case 'variance':
      return [`var_samp(CAST(${taken} AS DOUBLE))${over}`];
    case 'min':
    case 'max':
      return [`${name}(${withoutMinusZero(taken, type)})${over}`];
    case 'first':
      return [`min_by(${value}, ${present})${over}`];
    case 'last':
      return [`max_by(${value}, ${present})${over}`];
    case 'lastN':
      return [newestFirst(value ?? '', present, over)];
    case 'approxCountDistinct':
      return distinctSketch(taken, over);
    case 'approxQuantile':
      return [valueAtRank(`CAST(${taken} AS DOUBLE)`, aggregate.quantile ?? 0, over)];
    case 'mostFrequent':
      // of values with equally many rows the least
      return [`mode(${withoutMinusZero(taken, type)}, true)${over}`];
    case 'collectDistinct':
      return [leastDistinct(withoutMinusZero(taken, type), aggregate.limit ?? 0, over)];
  }
}

/** Exact: a sum of 2^63 values fits into 38 digits. */
function integerSum(taken: string, over: string): string {
  return `sum(CAST(${taken} AS DECIMAL(38, 0)))${over}`;
}

function newestFirst(value: string, present: string, over: string): string {
  const rows = `collect_list(CASE WHEN ${present} IS NOT NULL THEN struct(${present} AS place, ${value} AS value) END)${over}`;
  const values = `transform(sort_array(${rows}, false), one -> one.value)`;
  return `CASE WHEN size(${rows}) > 0 THEN ${values} END`;
}

/** How many hashes the sketch holds, and the greatest of them once it is full. */
function distinctSketch(taken: string, over: string): readonly string[] {
  const hashes = `collect_set(${taken})${over}`;
  return [
    `least(size(${hashes}), ${DISTINCT_HASHES})`,
    `CASE WHEN size(${hashes}) >= ${DISTINCT_HASHES} THEN element_at(sort_array(${hashes}), ${DISTINCT_HASHES}) END`,
  ];
}

/** Minus zero counts as zero. */
function withoutMinusZero(taken: string, type: StoredType): string {
  return type === 'float64' ? `${taken} + CAST(0 AS DOUBLE)` : taken;
}

/** The exact discrete quantile; ranks in whole numbers, as `quantileRank` has them. The sketch's buckets keep the order. */
function valueAtRank(taken: string, p: number, over: string): string {
  const values = `collect_list(${taken})${over}`;
  const parts = 10 ** QUANTILE_DIGITS;
  const rank = `greatest(1, (size(${values}) * ${sparkBigint(BigInt(Math.round(p * parts)))} + ${parts - 1}) DIV ${parts})`;
  return `CASE WHEN size(${values}) > 0 THEN element_at(sort_array(${values}), CAST(${rank} AS INT)) END`;
}

function leastDistinct(taken: string, limit: number, over: string): string {
  const values = `collect_set(${taken})${over}`;
  return `CASE WHEN size(${values}) > 0 THEN slice(sort_array(${values}), 1, ${limit}) END`;
}
