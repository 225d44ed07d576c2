import type { ColumnManifest, ExpectationManifest } from '../../contracts/manifest.ts';
import { storedType, type ScalarType } from '../../contracts/values.ts';
import { suggestNames } from '../closest-names.ts';
import { judgedColumns } from '../expectation-columns.ts';
import { EXPECTATION_TYPES, type ExpectationType } from '../expectations.ts';
import { requireColumn, type Columns } from './columns.ts';
import { argumentAdvice, normalizeArgument } from './expectation-arguments.ts';
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
  const known = Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(type.arguments, name)));
  const judged = judgedColumns({ arguments: known }).map((name) => requireColumn(columns, name, place, owner.text));
  if (known.column_A !== undefined && known.column_A === known.column_B) {
    place.report('column_A and column_B are the same column', 'name two columns');
  }
  checkColumnTypes(
    type,
    judged.filter((column) => column !== undefined),
    place,
  );
  const context = { columns, judged, values: known };
  const accepted = Object.entries(type.arguments).flatMap(([name, argument]) => {
    const value = values[name];
    // Great Expectations writes an absent bound as null
    if (value === undefined || value === null) return [];
    const normalized = normalizeArgument(value, argument, context);
    if (normalized !== undefined) return [[name, normalized] as const];
    place.in(name).report(`${show(value)} is not valid`, argumentAdvice(value, argument, context));
    return [];
  });
  const result = Object.fromEntries(accepted);
  if (isAbove(result.min_value, result.max_value)) place.report('min_value is above max_value', 'swap them');
  return result;
}

function checkColumnTypes(type: ExpectationType, judged: readonly ColumnManifest[], place: Place): void {
  const { columnTypes, compares } = type;
  const wrong = judged.find((one) => columnTypes && !columnTypes.includes(storedType(one.type) as ScalarType));
  if (wrong !== undefined) {
    place.report(`column "${wrong.name}" is ${wrong.type}`, `it looks at columns of type ${columnTypes?.join(', ')}`);
    return;
  }
  const [first, ...others] = judged;
  const other = others.find((one) => first && comparedType(one) !== comparedType(first));
  if (!compares || first === undefined || other === undefined) return;
  place.report(
    `column "${first.name}" is ${first.type} and column "${other.name}" is ${other.type}`,
    'it compares columns of one type, or numbers',
  );
}

function comparedType({ type }: ColumnManifest): string {
  return ['int64', 'float64'].includes(type) ? 'number' : storedType(type);
}

function isAbove(min: unknown, max: unknown): boolean {
  const bothNumbers = typeof min === 'number' && typeof max === 'number';
  const bothTexts = typeof min === 'string' && typeof max === 'string' && !/^-?\d+$/.test(min);
  return (bothNumbers || bothTexts) && min > max;
}
