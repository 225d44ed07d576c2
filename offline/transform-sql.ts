/** Transforms in SQL: the same results as `applyTransform`, without a row leaving the engine. */
import { AsofError } from '../contracts/errors.ts';
import type { TransformManifest } from '../contracts/manifest.ts';
import type { StoredType } from '../contracts/values.ts';
import { UNSEEN_CATEGORY } from '../definitions/transforms.ts';
import { literalText, literalValue, sqlType } from '../engine/sql.ts';

/**
 * The served value for a stored one.
 *
 * @param value an expression of the stored type
 * @param stored the type of `value`
 * @param served the type of the result
 * @throws `INVALID_VALUE` for an unknown function and for parameters that are not fitted yet
 */
export function transformSql(
  transform: TransformManifest | null,
  value: string,
  stored: StoredType,
  served: StoredType,
): string {
  if (transform === null) return stored === served ? value : `(${value})::${sqlType(served)}`;
  if (!transform.fitted) throw invalid(transform, 'the parameters are not known yet; give them, or fit the view');
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
    default:
      throw invalid(transform, 'there is no such function');
  }
}

function scale(value: string, offset: number, spread: number): string {
  if (spread === 0) return 'NULL::DOUBLE';
  return `((${value})::DOUBLE - ${literalValue(offset, 'float64')}) / ${literalValue(spread, 'float64')}`;
}

function encodeCategory(value: string, mapping: Readonly<Record<string, number>>, served: StoredType): string {
  const entries = Object.entries(mapping);
  const type = sqlType(served);
  if (entries.length === 0) return `${UNSEEN_CATEGORY}::${type}`;
  const pairs = entries.map(([category, code]) => `${literalText(category)}: '${code}'::${type}`);
  return `coalesce(MAP {${pairs.join(', ')}}[(${value})::VARCHAR], ${UNSEEN_CATEGORY}::${type})`;
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
