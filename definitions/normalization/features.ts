import type {
  AggregateFeatureManifest,
  AggregateFunction,
  ColumnFeatureManifest,
  DerivedFeatureManifest,
  FeatureManifest,
  Metadata,
  WhereManifest,
} from '../../contracts/manifest.ts';
import { AGGREGATE_FUNCTIONS } from '../../contracts/manifest.ts';
import {
  elementType,
  FEATURE_TYPES,
  storedType,
  type FeatureType,
  type JsonScalar,
  type JsonValue,
  type ScalarType,
  type StoredType,
} from '../../contracts/values.ts';
import { jsonScalarOf, jsonValueOf } from '../json-values.ts';
import { requireColumn, type Columns } from './columns.ts';
import { acceptsColumn, AGGREGATE_RULES, derivedValueType, describeColumns, featureTypeOf } from './feature-types.ts';
import { isRecord, OptionReader, show } from './option-reader.ts';
import type { Place } from './problems.ts';
import { normalizeTransform } from './transforms.ts';
import { functionOptions, normalizeFunctionParameters } from './function-parameters.ts';
import { lastEvents, normalizeMaxEvents, normalizeWindow } from './windows.ts';

const FEATURE_OPTIONS = ['default', 'transform', 'pii'];
const COLUMN_OPTIONS = ['column', 'rules'];
const WINDOW_OPTIONS = ['window', 'last', 'resolution', 'maxEvents'];

/** A feature of a view over `columns`, which belong to `owner`; undefined after a report. */
export function normalizeFeature(
  name: string,
  definition: unknown,
  columns: Columns,
  owner: string,
  place: Place,
): FeatureManifest | undefined {
  if (isRecord(definition) && definition.feature === 'column') {
    return normalizeColumnFeature(name, definition, columns, owner, place);
  }
  if (isRecord(definition) && definition.feature === 'aggregate') {
    return normalizeAggregate(name, definition, columns, owner, place);
  }
  place.report(`${show(definition)} is not a feature`, "write it as numeric(), count({ window: '1h' }) and the like");
  return undefined;
}

/** A feature that a derived view computes. */
export function normalizeDerivedFeature(
  name: string,
  definition: unknown,
  place: Place,
): DerivedFeatureManifest | undefined {
  const form = 'write it as numeric(), boolean(), categorical(), text(), timestamp() or embedding(n)';
  if (!isRecord(definition) || definition.feature !== 'column') {
    place.report(`${show(definition)} is not an output of a derived view`, form);
    return undefined;
  }
  const options = new OptionReader(definition.options, place, [...FEATURE_OPTIONS, ...COLUMN_OPTIONS]);
  for (const option of [...COLUMN_OPTIONS, 'transform'].filter((one) => options.get(one) !== undefined)) {
    place.in(option).report(`a computed feature takes no ${option}`, 'do it in compute');
  }
  const type = typeOf(definition, place);
  if (type === undefined) return undefined;
  const { featureType, size } = type;
  const valueType = derivedValueType(featureType, size);
  return { kind: 'derived', name, featureType, valueType, transform: null, ...describe(options, valueType) };
}

function normalizeColumnFeature(
  name: string,
  definition: Readonly<Record<string, unknown>>,
  columns: Columns,
  owner: string,
  place: Place,
): ColumnFeatureManifest | undefined {
  const options = new OptionReader(definition.options, place, [...FEATURE_OPTIONS, ...COLUMN_OPTIONS]);
  const type = typeOf(definition, place);
  if (type === undefined) return undefined;
  const { featureType, size } = type;
  const column = requireColumn(columns, options.get('column') ?? name, place, owner);
  if (column === undefined) return undefined;
  const stored = storedType(column.type);
  if (!acceptsColumn(featureType, size, stored)) {
    const mend = `${featureType} reads ${describeColumns(featureType, size)}`;
    place.report(`column "${column.name}" is ${column.type}`, mend);
    return undefined;
  }
  const { transform, valueType } = normalizeTransform(options.get('transform'), stored, place);
  return {
    kind: 'column',
    name,
    column: column.name,
    featureType,
    valueType,
    transform,
    ...describe(options, valueType),
  };
}

function normalizeAggregate(
  name: string,
  definition: Readonly<Record<string, unknown>>,
  columns: Columns,
  owner: string,
  place: Place,
): AggregateFeatureManifest | undefined {
  const aggregateFunction = definition.function as AggregateFunction;
  if (!AGGREGATE_FUNCTIONS.includes(aggregateFunction)) {
    place.report(`${show(definition.function)} is not an aggregate`, `use ${AGGREGATE_FUNCTIONS.join(', ')}`);
    return undefined;
  }
  const isLastN = aggregateFunction === 'lastN';
  const known = [
    ...FEATURE_OPTIONS,
    'where',
    ...(isLastN ? [] : WINDOW_OPTIONS),
    ...functionOptions(aggregateFunction),
  ];
  const options = new OptionReader(definition.options, place, known);
  const window = isLastN ? lastEvents(definition.length, options, 'length') : normalizeWindow(options);
  const where = normalizeWhere(options, columns, owner);
  const input = inputOf(aggregateFunction, definition.column, columns, owner, place);
  if (input === undefined) return undefined;
  const { transform, valueType } = normalizeTransform(options.get('transform'), input.valueType, place);
  return {
    kind: 'aggregate',
    name,
    function: aggregateFunction,
    column: input.column,
    window,
    where,
    maxEvents: normalizeMaxEvents(options),
    ...normalizeFunctionParameters(aggregateFunction, definition, options),
    featureType: featureTypeOf(input.valueType),
    valueType,
    transform,
    ...describe(options, valueType),
  };
}

/** The column that an aggregate reads, and the type it makes of it. */
function inputOf(
  aggregateFunction: AggregateFunction,
  columnName: unknown,
  columns: Columns,
  owner: string,
  place: Place,
): { readonly column: string | null; readonly valueType: StoredType } | undefined {
  if (aggregateFunction === 'count') return { column: null, valueType: 'int64' };
  const column = requireColumn(columns, columnName, place, owner);
  if (column === undefined) return undefined;
  const stored = storedType(column.type);
  const rule = AGGREGATE_RULES[aggregateFunction];
  if (rule.accepts === undefined || rule.accepts.includes(stored)) {
    return { column: column.name, valueType: rule.valueType(stored) };
  }
  place.report(`column "${column.name}" is ${column.type}`, `${aggregateFunction} reads ${rule.accepts.join(' or ')}`);
  return undefined;
}

function normalizeWhere(options: OptionReader, columns: Columns, owner: string): readonly WhereManifest[] {
  return Object.entries(options.record('where'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, given]) => {
      const place = options.place.in(`where ${name}`);
      const column = requireColumn(columns, name, place, owner);
      if (column === undefined) return [];
      const stored = storedType(column.type);
      if (elementType(stored) !== undefined) {
        place.report(`column "${name}" is ${column.type}`, 'a filter compares single values');
        return [];
      }
      const values = (Array.isArray(given) ? given : [given]).map((value: unknown) => ({
        value,
        json: jsonScalarOf(value, stored as ScalarType),
      }));
      const wrong = values.find(({ json }) => json === undefined);
      if (wrong !== undefined || values.length === 0) {
        const problem =
          wrong === undefined ? 'the list is empty' : `${show(wrong.value)} is not a value of ${column.type}`;
        place.report(problem, `give a value or a list of values of ${column.type}`);
        return [];
      }
      return [{ column: name, values: [...new Set(values.map(({ json }) => json as JsonScalar))] }];
    });
}

function typeOf(
  definition: Readonly<Record<string, unknown>>,
  place: Place,
): { readonly featureType: FeatureType; readonly size: number | undefined } | undefined {
  const featureType = FEATURE_TYPES.find((type) => type === definition.type);
  if (featureType === undefined) {
    place.report(`${show(definition.type)} is not a feature type`, `use ${FEATURE_TYPES.join(', ')}`);
    return undefined;
  }
  if (featureType !== 'embedding') return { featureType, size: undefined };
  const size = Number(definition.size);
  if (Number.isSafeInteger(size) && size > 0) return { featureType, size };
  place.report(
    `${show(definition.size)} is not a number of dimensions`,
    'write embedding(n) with a whole number from 1',
  );
  return undefined;
}

function describe(
  options: OptionReader,
  valueType: StoredType,
): Metadata & { readonly default: JsonValue; readonly pii: boolean } {
  return { default: normalizeDefault(options, valueType), pii: options.flag('pii', false), ...options.metadata() };
}

function normalizeDefault(options: OptionReader, valueType: StoredType): JsonValue {
  const given = options.get('default');
  if (given === undefined || given === null) return null;
  const value = jsonValueOf(given, valueType);
  if (value === undefined) {
    options.place.in('default').report(`${show(given)} is not a value of ${valueType}`, `give one, or no default`);
  }
  return value ?? null;
}
