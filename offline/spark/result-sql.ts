/** From the files that Spark wrote to a view's result table, with the columns that DuckDB's own way gives it. */
import { DISTINCT_HASHES } from '../../aggregates/distinct.ts';
import { bucketValueSql } from '../../aggregates/quantile-bucket-sql.ts';
import type { PlannedView } from '../../contracts/plan.ts';
import { quoteIdentifier, sqlType } from '../../engine/sql.ts';
import { usedTypedColumns } from '../event-relation.ts';
import { aggregateType } from '../feature-sql.ts';
import { packColumns } from '../packed-columns.ts';
import type { SparkFeature, SparkWindows } from './window-plan.ts';

/** A SELECT of an as-of view's result; `answers` is a FROM item with the columns of `asOfSql`. */
export function asOfResultSql({ source, features }: PlannedView, requests: string, answers: string): string {
  const columns = usedTypedColumns({ source, features });
  const found = new Map(columns.map(({ name, type }, index) => [name, `p.c${index}::${sqlType(type)}`]));
  const values = packColumns(columns).items((name) => found.get(name)!);
  const list = ['p.event AS __event_micros', 'p.late AS __late', 'p.live AS __live', 'p.expired AS __expired'];
  return `SELECT r.__row, ${[...list, ...values].join(', ')}
FROM ${quoteIdentifier(requests)} r LEFT JOIN ${answers} p ON p.row = r.__row`;
}

/** Where the columns of each feature stand: a FROM item for each method. */
export type MethodFiles = ReadonlyMap<SparkFeature['method'], string>;

/** A SELECT of an aggregate view's result. */
export function windowResultSql(
  planned: PlannedView,
  plan: SparkWindows,
  requests: string,
  files: MethodFiles,
): string {
  const aliases = new Map([...files.keys()].map((method, index) => [method, `p${index}`]));
  const values = plan.features.flatMap((feature) => {
    const { name } = planned.features[feature.position]!;
    const alias = aliases.get(feature.method)!;
    const leak = plan.hasCreated ? `coalesce(${alias}.leak${feature.position}, false)` : 'NULL::BOOLEAN';
    return [
      `${valueSql(planned, feature, alias)} AS ${quoteIdentifier(name)}`,
      `${leak} AS ${quoteIdentifier(`__leak_${name}`)}`,
    ];
  });
  const joins = [...files].map(([method, from]) => {
    const alias = aliases.get(method)!;
    return `LEFT JOIN ${from} ${alias} ON ${alias}.row = r.__row`;
  });
  return `SELECT r.__row, ${values.join(', ')}\nFROM ${quoteIdentifier(requests)} r ${joins.join(' ')}`;
}

function valueSql({ source, features }: PlannedView, feature: SparkFeature, alias: string): string {
  const value = `${alias}.v${feature.position}`;
  const planned = features[feature.position]!;
  const type = planned.kind === 'aggregate' ? sqlType(aggregateType(planned, source)) : sqlType(planned.valueType);
  switch (feature.function) {
    case 'count':
      return `coalesce(${value}, 0)::BIGINT`;
    case 'approxCountDistinct': {
      const fraction = `((${alias}.u${feature.position}::HUGEINT + 9223372036854775808)::DOUBLE / 18446744073709551616)`;
      const estimate = `round(${DISTINCT_HASHES - 1} / ${fraction})`;
      return `nullif(CASE WHEN ${value} < ${DISTINCT_HASHES} THEN ${value} ELSE ${estimate} END, 0)::BIGINT`;
    }
    case 'stddev':
    case 'variance':
      return `CASE WHEN isfinite(${value}) THEN ${value} WHEN ${value} IS NOT NULL THEN 'nan'::DOUBLE END`;
    case 'approxQuantile':
      return bucketValueSql(value);
    default:
      return `${value}::${type}`;
  }
}

/** Counts the sums of an integer column that no int64 holds, by the feature's position; undefined when there are no such sums. */
export function overflowSql(plan: SparkWindows, files: MethodFiles): readonly { position: number; sql: string }[] {
  return plan.features.flatMap(({ function: name, position, input, method }) =>
    name === 'sum' && input !== null && plan.inputs[input]!.type === 'int64'
      ? [
          {
            position,
            sql: `SELECT count(*) AS n FROM ${files.get(method)!} WHERE v${position} IS NOT NULL AND TRY_CAST(v${position} AS BIGINT) IS NULL`,
          },
        ]
      : [],
  );
}
