/** Transforms in SQL: the same results as `applyTransform`, without a row leaving the engine. */
import { AsofError } from '../contracts/errors.ts';
import type { TransformManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';
import { notFitted, UNSEEN_CATEGORY } from '../definitions/transforms.ts';
import { literalBigint, literalText, literalValue, sqlType } from '../engine/sql.ts';
import { log1pSql } from './log1p-sql.ts';

/** No int64 is as far from 0, and every HUGEINT can hold it. */
const BEYOND_INT64 = 2 ** 64;

/**
 * The served value for a stored one.
 *
 * @param value an expression of the stored type
 * @param stored the type of `value`
 * @param served the type of the result
 * @throws `INVALID_VALUE` for an unknown function, `NOT_FITTED` for parameters that are not fitted yet
 */
export function transformSql(
  transform: TransformManifest | null,
  value: string,
  stored: StoredType,
  served: StoredType,
): string {
  if (transform === null) return stored === served ? value : `(${value})::${sqlType(served)}`;
  if (!transform.fitted) throw notFitted(transform);
  const { parameters } = transform;
  switch (transform.function) {
    case 'normalize':
      return scale(value, Number(parameters.min), Number(parameters.max) - Number(parameters.min));
    case 'standardize':
      return scale(value, Number(parameters.mean), Number(parameters.std));
    case 'categoricalEncode':
      return encodeCategory(value, parameters.mapping as Readonly<Record<string, number>>, served);
    case 'aggregate':
      return `(${aggregateList(transform, value, stored)})::${sqlType(served)}`;
    case 'clip':
      return clip(value, Number(parameters.min), Number(parameters.max), stored);
    case 'log1p':
      return log1pSql(`(${value})::DOUBLE`);
    case 'bucketize':
      return bucketize(value, parameters.boundaries as readonly number[], stored);
    case 'hashEncode':
      return `(md5_number_lower((${value})::VARCHAR) % ${Number(parameters.buckets)}::UBIGINT)::BIGINT`;
    default:
      throw invalid(transform, 'there is no such function');
  }
}

function scale(value: string, offset: number, spread: number): string {
  if (spread === 0) return 'NULL::DOUBLE';
  return `((${value})::DOUBLE - ${literalValue(offset, 'float64')}) / ${literalValue(spread, 'float64')}`;
}

/** A hash join rather than a MAP, whose search is linear. */
function encodeCategory(value: string, mapping: Readonly<Record<string, number>>, served: StoredType): string {
  const entries = Object.entries(mapping);
  const type = sqlType(served);
  if (entries.length === 0) return `${UNSEEN_CATEGORY}::${type}`;
  const categories = `unnest([${entries.map(([category]) => literalText(category)).join(', ')}])`;
  const codes = `unnest([${entries.map(([, code]) => `'${code}'::${type}`).join(', ')}])`;
  const known = `(SELECT ${categories} AS category, ${codes} AS code) AS known`;
  return `coalesce((SELECT known.code FROM ${known} WHERE known.category = (${value})::VARCHAR), ${UNSEEN_CATEGORY}::${type})`;
}

/** NaN stays, though DuckDB ranks it above every number. */
function clip(value: string, min: number, max: number, stored: StoredType): string {
  const [least, most] = [min, max].map((bound) =>
    stored === 'int64' ? literalBigint(BigInt(bound)) : literalValue(bound, 'float64'),
  ) as [string, string];
  const above = stored === 'int64' ? `${value} > ${most}` : `${value} > ${most} AND NOT isnan(${value})`;
  return `CASE WHEN ${value} < ${least} THEN ${least} WHEN ${above} THEN ${most} ELSE ${value} END`;
}

/** int64 values are compared with whole boundaries: at or above one is at or above the next whole number. */
function bucketize(value: string, boundaries: readonly number[], stored: StoredType): string {
  const list = boundaries.map((boundary) =>
    stored === 'int64' ? `'${wholeBoundary(boundary)}'::HUGEINT` : literalValue(boundary, 'float64'),
  );
  const compared = stored === 'int64' ? `(${value})::HUGEINT` : value;
  return `len(list_filter([${list.join(', ')}], lambda boundary: ${compared} >= boundary))::BIGINT + CASE WHEN ${value} IS NOT NULL THEN 0 END`;
}

function wholeBoundary(boundary: number): bigint {
  return BigInt(Math.ceil(Math.min(Math.max(boundary, -BEYOND_INT64), BEYOND_INT64)));
}

/** Nulls in the list are skipped; a single value counts as a list of one. */
function aggregateList(transform: TransformManifest, value: string, stored: StoredType): string {
  const whole = stored.endsWith(']') ? `(${value})${stored.startsWith('float32[') ? '::DOUBLE[]' : ''}` : `[${value}]`;
  const items = `list_filter(${whole}, lambda item: item IS NOT NULL)`;
  switch (transform.parameters.function) {
    case 'count':
      return stored.endsWith(']') ? `len(${items})` : `CASE WHEN ${value} IS NOT NULL THEN 1 END`;
    case 'sum':
      return `list_sum(${items})`;
    case 'mean':
      return `list_sum(list_transform(${items}, lambda item: item::DOUBLE)) / len(${items})`;
    default:
      throw invalid(
        transform,
        `there is no function "${String(transform.parameters.function)}"; known: mean, sum, count`,
      );
  }
}

function invalid(transform: TransformManifest, problem: string): AsofError {
  return new AsofError('INVALID_VALUE', { where: `transform ${transform.function}`, problem });
}
