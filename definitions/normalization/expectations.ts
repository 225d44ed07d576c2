import { RE2JS } from 're2js';
import { messageOf } from '../../contracts/errors.ts';
import type { ColumnManifest, ExpectationManifest } from '../../contracts/manifest.ts';
import { elementType, storedType, type ScalarType } from '../../contracts/values.ts';
import { suggestNames } from '../closest-names.ts';
import { EXPECTATION_TYPES, type ArgumentKind, type ExpectationType } from '../expectations.ts';
import { jsonScalarOf } from '../json-values.ts';
import { requireColumn, type Columns } from './columns.ts';
import { isRecord, OptionReader, show } from './option-reader.ts';
import type { Place } from './problems.ts';

/** `owner` names what has the columns, such as `source flights`. */
export function normalizeExpectations(
  definitions: readonly unknown[],
  columns: Columns,
  owner: Place,
): readonly ExpectationManifest[] {
  return definitions.flatMap((definition, index) => {
    if (!isRecord(definition) || typeof definition.expectation !== 'string') {
      owner
        .in(`expectations[${index}]`)
        .report(`${show(definition)} is not an expectation`, 'make it with expectation(…)');
      return [];
    }
    const place = owner.in(`expectation ${definition.expectation}`);
    const type = Object.hasOwn(EXPECTATION_TYPES, definition.expectation)
      ? EXPECTATION_TYPES[definition.expectation]
      : undefined;
    if (type === undefined) {
      const known = suggestNames(definition.expectation, Object.keys(EXPECTATION_TYPES));
      place.report('there is no expectation of this type', `known: ${known.join(', ')}`);
      return [];
    }
    const ruleArguments = normalizeArguments(definition.arguments, type, columns, place, owner);
    return [
      {
        type: definition.expectation,
        level: type.level,
        arguments: ruleArguments,
        ...reactionOf(definition.options, type, place),
      },
    ];
  });
}

function reactionOf(
  given: unknown,
  type: ExpectationType,
  place: Place,
): Pick<ExpectationManifest, 'severity' | 'onFailure'> {
  const options = new OptionReader(given, place, ['severity', 'onFailure']);
  const lenient = options.get('onFailure') === 'warn';
  const severity = options.choice('severity', ['critical', 'warning', 'info'], lenient ? 'warning' : 'critical');
  const onFailure = options.choice(
    'onFailure',
    ['fail', 'quarantine', 'warn'],
    severity === 'critical' ? 'fail' : 'warn',
  );
  if (onFailure === 'quarantine' && type.level !== 'row') {
    place
      .in('onFailure')
      .report(`a ${type.level} expectation has no bad rows to set aside`, "choose onFailure 'fail' or 'warn'");
  }
  return { severity, onFailure };
}

function normalizeArguments(
  given: unknown,
  type: ExpectationType,
  columns: Columns,
  place: Place,
  owner: Place,
): Readonly<Record<string, unknown>> {
  const values = isRecord(given) ? given : {};
  for (const name of Object.keys(values).filter((one) => !Object.hasOwn(type.arguments, one))) {
    const known = suggestNames(name, Object.keys(type.arguments));
    place.report(`unknown argument "${name}"`, `known: ${known.join(', ')}`);
  }
  for (const [name, { required }] of Object.entries(type.arguments)) {
    if (required && values[name] === undefined) place.report(`the argument "${name}" is missing`, `give ${name}`);
  }
  if (type.bounded && (values.min_value ?? values.max_value ?? null) === null) {
    place.report('it has no bound', 'give min_value, max_value or both');
  }
  const column =
    type.arguments.column && values.column !== undefined
      ? requireColumn(columns, values.column, place, owner.text)
      : undefined;
  if (column !== undefined) checkColumnType(type, column, place);
  const accepted = Object.entries(type.arguments).flatMap(([name, { kind }]) => {
    const value = values[name];
    // Great Expectations writes an absent bound as null
    if (value === undefined || value === null) return [];
    const normalized = normalizeArgument(value, kind, column);
    if (normalized !== undefined) return [[name, normalized] as const];
    place.in(name).report(`${show(value)} is not valid`, argumentAdvice(kind, column));
    return [];
  });
  const result = Object.fromEntries(accepted);
  if (isAbove(result.min_value, result.max_value)) place.report('min_value is above max_value', 'swap them');
  return result;
}

function checkColumnType(type: ExpectationType, column: ColumnManifest, place: Place): void {
  if (type.columnTypes === undefined || type.columnTypes.includes(storedType(column.type) as ScalarType)) return;
  place.report(
    `column "${column.name}" is ${column.type}`,
    `it looks at columns of type ${type.columnTypes.join(', ')}`,
  );
}

/** The argument as JSON, timestamps as ISO 8601; undefined when it is not valid. */
function normalizeArgument(value: unknown, kind: ArgumentKind, column: ColumnManifest | undefined): unknown {
  switch (kind) {
    case 'column':
      return typeof value === 'string' ? value : undefined;
    case 'flag':
      return typeof value === 'boolean' ? value : undefined;
    case 'number':
      return typeof value === 'bigint' ? jsonNumber(value) : isFiniteNumber(value) ? value : undefined;
    case 'count':
      return Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined;
    case 'share':
      return isFiniteNumber(value) && value >= 0 && value <= 1 ? value : undefined;
    case 'pattern':
      return typeof value === 'string' && patternProblem(value) === undefined ? value : undefined;
    case 'bound':
      return column && isFiniteNumber(value) && storedType(column.type) === 'int64'
        ? value
        : columnValue(value, column);
    case 'values': {
      if (!Array.isArray(value) || value.length === 0) return undefined;
      const values = value.map((item: unknown) => columnValue(item, column));
      return values.includes(undefined) ? undefined : values;
    }
  }
}

/** Numbers stay numbers, as Great Expectations writes them; integers beyond 2^53 become decimal text. */
function columnValue(value: unknown, column: ColumnManifest | undefined): unknown {
  if (column === undefined) return value;
  const stored = storedType(column.type);
  const json = jsonScalarOf(value, elementType(stored) ?? (stored as ScalarType));
  return json !== undefined && typeof value === 'bigint'
    ? jsonNumber(value)
    : typeof value === 'number'
      ? json && value
      : json;
}

function jsonNumber(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

function argumentAdvice(kind: ArgumentKind, column: ColumnManifest | undefined): string {
  const type = column === undefined ? 'the column' : `column "${column.name}" (${column.type})`;
  switch (kind) {
    case 'column':
      return "give the column's name";
    case 'flag':
      return 'give true or false';
    case 'number':
      return 'give a finite number';
    case 'count':
      return 'give a whole number from 0';
    case 'share':
      return 'give a number from 0 to 1';
    case 'pattern':
      return 'give a regular expression in RE2 syntax, which has no look-around and no back-references';
    case 'bound':
      return `give a value of the type of ${type}`;
    case 'values':
      return `give a list of values of the type of ${type}`;
  }
}

function patternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isAbove(min: unknown, max: unknown): boolean {
  const bothNumbers = typeof min === 'number' && typeof max === 'number';
  const bothTexts = typeof min === 'string' && typeof max === 'string' && !/^-?\d+$/.test(min);
  return (bothNumbers || bothTexts) && min > max;
}
