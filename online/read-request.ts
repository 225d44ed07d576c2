/** Checks what a read was asked: columns, lengths, types and limits. Errors name the place in the request. */
import { AsofError } from '../contracts/errors.ts';
import type { FeaturePlan, PlannedKeyColumn } from '../contracts/plan.ts';
import { storedType, type FeatureValue, type ScalarValue } from '../contracts/values.ts';
import { jsonValueOf } from '../definitions/json-values.ts';
import { engineValue } from '../offline/feature-sql.ts';
import { toTypeScript } from '../offline/typescript-values.ts';

/** Entities of one read, and values of one read: entities times features. */
export const MOST_ENTITIES = 5000;
const MOST_VALUES = 250_000;

export type RequestColumns = Readonly<Record<string, readonly unknown[]>>;

export interface CheckedRequest {
  readonly entities: number;
  /** Spine column to its key values. */
  readonly keys: ReadonlyMap<string, readonly (ScalarValue | null)[]>;
  readonly request: ReadonlyMap<string, readonly FeatureValue[]>;
}

/**
 * Reads entities and request columns by their declared types: int64 as number, `bigint` or decimal text, timestamps as
 * ISO 8601. Throws `UNKNOWN_NAME`, `INVALID_VALUE`, `KEY_TYPE_MISMATCH` or `LIMIT_EXCEEDED`.
 */
export function checkRequest(plan: FeaturePlan, entities: RequestColumns, request: RequestColumns): CheckedRequest {
  refuseUnknown(
    'entities',
    entities,
    plan.keyColumns.map(({ column }) => column),
  );
  refuseUnknown(
    'request',
    request,
    plan.requestColumns.map(({ name }) => name),
  );
  const count = countEntities(plan, entities, request);
  return {
    entities: count,
    keys: new Map(
      plan.keyColumns.map((key) => [
        key.column,
        requireColumn('entities', entities, key.column, count).map((value, index) =>
          readKey(key, value, `entities.${key.column}[${index}]`),
        ),
      ]),
    ),
    request: new Map(
      plan.requestColumns.map(({ name, type }) => [
        name,
        requireColumn('request', request, name, count).map((value, index) =>
          readValue(value, storedType(type), `request.${name}[${index}]`),
        ),
      ]),
    ),
  };
}

function refuseUnknown(where: string, given: RequestColumns, known: readonly string[]): void {
  const name = Object.keys(given).find((column) => !known.includes(column));
  if (name !== undefined) {
    throw new AsofError('UNKNOWN_NAME', { where, kind: 'column', name: name.slice(0, 100), known });
  }
}

function countEntities(plan: FeaturePlan, entities: RequestColumns, request: RequestColumns): number {
  const first = [...Object.values(entities), ...Object.values(request)][0];
  const count = Array.isArray(first) ? first.length : 0;
  if (count > MOST_ENTITIES) {
    throw limit('entities', `${count} entities; at most ${MOST_ENTITIES} can be read at once`);
  }
  const values = count * plan.columns.length;
  if (values > MOST_VALUES) {
    throw limit(
      'entities',
      `${count} entities by ${plan.columns.length} features are ${values} values; at most ${MOST_VALUES} can be read at once`,
    );
  }
  return count;
}

function requireColumn(where: string, given: RequestColumns, name: string, count: number): readonly unknown[] {
  const values: unknown = Object.hasOwn(given, name) ? given[name] : undefined;
  if (values === undefined) throw invalid(where, `"${name}" is missing`);
  if (!Array.isArray(values)) throw invalid(`${where}.${name}`, 'must be a list of values');
  if (values.length !== count) {
    throw invalid(`${where}.${name}`, `has ${values.length} values, but the first column has ${count}`);
  }
  return values;
}

function readKey({ type, key, entity }: PlannedKeyColumn, value: unknown, where: string): ScalarValue | null {
  if (value === null) return null;
  if (!isOfKind(value, type)) {
    throw new AsofError('KEY_TYPE_MISMATCH', { where, key, entity, actual: kindOf(value), expected: type });
  }
  return readValue(value, type, where) as ScalarValue;
}

function readValue(value: unknown, type: ReturnType<typeof storedType>, where: string): FeatureValue {
  if (value === null) return null;
  // most keys, and nothing can be wrong with them
  if (type === 'int64' && Number.isSafeInteger(value)) return BigInt(value as number);
  const json = jsonValueOf(value, type);
  if (json === undefined) throw invalid(where, `${describe(value)} is not a valid ${type}`);
  if (typeof json === 'string' && /\p{Surrogate}/u.test(json)) throw invalid(where, 'is not well-formed Unicode');
  return toTypeScript(engineValue(json, type), type, false);
}

function isOfKind(value: unknown, type: PlannedKeyColumn['type']): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'int64':
    case 'float64':
      return ['number', 'bigint', 'string'].includes(typeof value);
    case 'timestamp':
      return typeof value === 'string' || (typeof value === 'object' && !Array.isArray(value));
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function describe(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function invalid(where: string, problem: string): AsofError {
  return new AsofError('INVALID_VALUE', { where, problem });
}

function limit(where: string, problem: string): AsofError {
  return new AsofError('LIMIT_EXCEEDED', { where, problem });
}
