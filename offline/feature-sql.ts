/**
 * Served values in SQL, from what was found for each request. A feature's expressions read the alias of its view's
 * result: for an as-of view `__row` (null when no row was found), `__live` (young enough and not a delete), `__expired`
 * and the source's columns, packed; for an aggregate view `__row` and the feature.
 */
import type {
  AggregateFeatureManifest,
  ColumnFeatureManifest,
  FeatureManifest,
  StoredSourceManifest,
} from '../contracts/manifest.ts';
import type { JsonScalar, JsonValue, StoredType } from '../contracts/values.ts';
import { elementType } from '../contracts/values.ts';
import { AGGREGATE_RULES } from '../definitions/normalization/feature-types.ts';
import { requireInstant } from '../contracts/time.ts';
import type { EngineValue } from '../engine/engine.ts';
import { literalValue, quoteIdentifier, sqlType } from '../engine/sql.ts';
import { columnType } from './event-relation.ts';
import type { PackedColumns } from './packed-columns.ts';
import { transformSql } from './transform-sql.ts';

/** The value of a feature, and its `FeatureStatus`. */
export interface FeatureSql {
  readonly value: string;
  /** The value where one was found, and never the default: what derived views see. */
  readonly found: string;
  readonly status: string;
}

/** Where the result of a view is read. */
export interface ResultAlias {
  /** Quoted where needed. */
  readonly alias: string;
  /** A column's value under the alias. */
  readonly column: PackedColumns['read'];
}

export function featureSql(feature: FeatureManifest, source: StoredSourceManifest, result: ResultAlias): FeatureSql {
  return feature.kind === 'column' ? columnSql(feature, source, result) : aggregateSql(feature, source, result.alias);
}

function columnSql(
  feature: ColumnFeatureManifest,
  source: StoredSourceManifest,
  { alias, column }: ResultAlias,
): FeatureSql {
  const stored = column(feature.column, alias);
  const value = transformSql(feature.transform, stored, columnType(source, feature.column), feature.valueType);
  const fallback = literalValue(engineValue(feature.default, feature.valueType), feature.valueType);
  return {
    value: chooseSql(`${alias}.__live`, value, fallback, feature.valueType),
    found: chooseSql(`${alias}.__live`, value, literalValue(null, feature.valueType), feature.valueType),
    status: `CASE WHEN ${alias}.__live THEN CASE WHEN ${value} IS NULL THEN 'NULL' ELSE 'PRESENT' END
    ${feature.default === null ? `WHEN ${alias}.__expired THEN 'EXPIRED' ELSE 'MISSING'` : `ELSE 'DEFAULT'`} END`,
  };
}

/** DuckDB has no CASE over vectors of a fixed length: they pass through it as lists. */
function chooseSql(condition: string, then: string, otherwise: string, type: StoredType): string {
  const isVector = type.startsWith('float32[');
  const [left, right] = isVector ? [`(${then})::FLOAT[]`, `(${otherwise})::FLOAT[]`] : [then, otherwise];
  const chosen = `CASE WHEN ${condition} THEN ${left} ELSE ${right} END`;
  return isVector ? `(${chosen})::${sqlType(type)}` : chosen;
}

/** An aggregate without input is null unless it counts, so a null is what a default stands in for. */
function aggregateSql(feature: AggregateFeatureManifest, source: StoredSourceManifest, alias: string): FeatureSql {
  const computed = aggregatedSql(feature, alias);
  const value =
    feature.transform === null
      ? computed
      : chooseSql(
          `${computed} IS NOT NULL`,
          transformSql(feature.transform, computed, aggregateType(feature, source), feature.valueType),
          literalValue(null, feature.valueType),
          feature.valueType,
        );
  const fallback = literalValue(engineValue(feature.default, feature.valueType), feature.valueType);
  return {
    found: value,
    value: feature.default === null ? value : chooseSql(`${computed} IS NULL`, fallback, value, feature.valueType),
    status: `CASE WHEN ${computed} IS NULL THEN ${feature.default === null ? `'NULL'` : `'DEFAULT'`}
    WHEN ${value} IS NULL THEN 'NULL' ELSE 'PRESENT' END`,
  };
}

/** A request without a key has no row in the result, and counts nothing. */
function aggregatedSql(feature: AggregateFeatureManifest, alias: string): string {
  const computed = `${alias}.${quoteIdentifier(feature.name)}`;
  return feature.function === 'count' ? `coalesce(${computed}, 0)` : computed;
}

/** The type of an aggregate before its transform. */
export function aggregateType(feature: AggregateFeatureManifest, source: StoredSourceManifest): StoredType {
  const { function: name, column } = feature;
  if (feature.transform === null) return feature.valueType;
  return name === 'count' ? 'int64' : AGGREGATE_RULES[name].valueType(columnType(source, column ?? ''));
}

/** A value of a manifest as the engine holds it: int64 as `bigint`, timestamps in microseconds. */
export function engineValue(value: JsonValue, type: StoredType): EngineValue {
  if (typeof value === 'object' && value !== null) {
    const element = elementType(type) ?? 'string';
    return value.map((item) => engineScalar(item, element));
  }
  return engineScalar(value, type);
}

function engineScalar(value: JsonScalar, type: StoredType): EngineValue {
  if (value === null) return null;
  if (type === 'int64') return BigInt(value);
  if (type === 'float64') return Number(value);
  if (type === 'timestamp') return requireInstant(String(value), 'default');
  return value;
}
