/** One argument of an expectation: read by its kind, as JSON, or what would be right instead. */
import type { ColumnManifest } from '../../contracts/manifest.ts';
import { elementType, storedType, type ScalarType } from '../../contracts/values.ts';
import { suggestNames } from '../closest-names.ts';
import { readDateFormat } from '../date-formats.ts';
import type { ArgumentType } from '../expectations.ts';
import { jsonSchemaProblem } from '../json-schemas.ts';
import { jsonScalarOf } from '../json-values.ts';
import { likeProblem } from '../like-patterns.ts';
import { patternProblem } from '../patterns.ts';
import { parseRowCondition, ROW_CONDITION_FORMS } from '../row-conditions.ts';
import { typeNamed, typeNames } from '../type-names.ts';
import type { Columns } from './columns.ts';
import { isRecord } from './option-reader.ts';

export interface ArgumentContext {
  readonly columns: Columns;
  /** Those whose values the expectation judges, as far as they are known, in order. */
  readonly judged: readonly (ColumnManifest | undefined)[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** The argument as JSON, timestamps as ISO 8601; undefined when it is not valid. */
export function normalizeArgument(value: unknown, { kind, choices }: ArgumentType, context: ArgumentContext): unknown {
  const column = context.judged[0];
  switch (kind) {
    case 'column':
      return typeof value === 'string' ? value : undefined;
    case 'columns':
      return isList(value, isText) && value.length > 1 && new Set(value).size === value.length ? value : undefined;
    case 'flag':
      return typeof value === 'boolean' ? value : undefined;
    case 'choice':
      return choices?.includes(String(value)) ? value : undefined;
    case 'number':
    case 'total':
      return typeof value === 'bigint' ? jsonNumber(value) : isFiniteNumber(value) ? value : undefined;
    case 'count':
      return Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined;
    case 'share':
      return isFiniteNumber(value) && value >= 0 && value <= 1 ? value : undefined;
    case 'pattern':
      return isPattern(value) ? value : undefined;
    case 'patterns':
      return isList(value, isPattern) ? value : undefined;
    case 'like':
      return isText(value) && likeProblem(value, escapeOf(context)) === undefined ? value : undefined;
    case 'character':
      return isText(value) && [...value].length === 1 ? value : undefined;
    case 'type':
      return isTypeName(value) ? value : undefined;
    case 'types':
      return isList(value, isTypeName) ? value : undefined;
    case 'dateFormat':
      return isText(value) && typeof readDateFormat(value) !== 'string' ? value : undefined;
    case 'jsonSchema':
      return isRecord(value) && jsonSchemaProblem(value) === undefined ? value : undefined;
    case 'condition':
      return isText(value) && conditionProblem(value, context.columns) === undefined ? value : undefined;
    case 'bound':
      return column && isFiniteNumber(value) && storedType(column.type) === 'int64'
        ? value
        : columnValue(value, column);
    case 'values':
      return listOf(value, (item) => columnValue(item, column));
    case 'pairs':
      return listOf(value, (pair) =>
        Array.isArray(pair) && pair.length === 2
          ? listOf(pair, (item, place) => (item === null ? null : columnValue(item, context.judged[place])))
          : undefined,
      );
  }
}

/** What would be right instead of a value that is not valid. */
export function argumentAdvice(value: unknown, { kind, choices = [] }: ArgumentType, context: ArgumentContext): string {
  const [first] = context.judged;
  const type = first === undefined ? 'the column' : `column "${first.name}" (${first.type})`;
  switch (kind) {
    case 'column':
      return "give the column's name";
    case 'columns':
      return 'give a list of at least two names of columns, each once';
    case 'flag':
      return 'give true or false';
    case 'choice':
      return `choose one of ${choices.join(', ')}`;
    case 'number':
    case 'total':
      return 'give a finite number';
    case 'count':
      return 'give a whole number from 0';
    case 'share':
      return 'give a number from 0 to 1';
    case 'pattern':
      return `give a regular expression in RE2 syntax, which has no look-around and no back-references${because(isText(value) && patternProblem(value))}`;
    case 'patterns':
      return 'give a list of regular expressions in RE2 syntax, which has no look-around and no back-references';
    case 'like':
      return `give a pattern of LIKE, in which % is any text and _ any character${because(isText(value) && likeProblem(value, escapeOf(context)))}`;
    case 'character':
      return 'give one character';
    case 'type':
      return `give the name of a type: ${suggestNames(String(value), typeNames()).join(', ')}`;
    case 'types':
      return `give a list of names of types, such as ${suggestNames(String(value), typeNames()).join(', ')}`;
    case 'dateFormat':
      return `give a format such as %Y-%m-%d${because(isText(value) && readDateFormat(value))}`;
    case 'jsonSchema':
      return `give a JSON Schema as an object${because(isRecord(value) && jsonSchemaProblem(value))}`;
    case 'condition':
      return (isText(value) && conditionProblem(value, context.columns)) || ROW_CONDITION_FORMS;
    case 'bound':
      return `give a value of the type of ${type}`;
    case 'values':
      return `give a list of values of the type of ${type}`;
    case 'pairs':
      return `give a list of pairs, each a value or null of the type of ${context.judged.map((one) => `column "${one?.name}" (${one?.type})`).join(' and of ')}`;
  }
}

/** What is wrong with a condition, and what would be right. */
function conditionProblem(text: string, columns: Columns): string | undefined {
  const condition = parseRowCondition(text);
  if (condition === undefined) return ROW_CONDITION_FORMS;
  const { column: name, operator, value } = condition;
  const column = columns.get(name);
  if (column === undefined)
    return `there is no column "${name}"; columns: ${suggestNames(name, columns.keys()).join(', ')}`;
  if (operator === 'notnull') return undefined;
  const type = storedType(column.type);
  if (elementType(type) !== undefined) return `column "${name}" is ${column.type}; ask col("${name}").notnull() of it`;
  if (type === 'boolean' && operator !== '==' && operator !== '!=')
    return `column "${name}" is boolean; compare it by == or !=`;
  const isNumber = typeof value === 'number' && (type === 'int64' || type === 'float64');
  return isNumber || columnValue(value, column) !== undefined
    ? undefined
    : `compare column "${name}" (${column.type}) with a value of its type`;
}

/** Numbers stay numbers, as Great Expectations writes them; integers beyond 2^53 become decimal text. */
function columnValue(value: unknown, column: ColumnManifest | undefined): unknown {
  if (column === undefined) return value;
  const stored = storedType(column.type);
  const json = jsonScalarOf(value, elementType(stored) ?? (stored as ScalarType));
  // NaN is a missing value, which is equal to nothing
  if (json === undefined || (stored === 'float64' && json === 'NaN')) return undefined;
  if (typeof json === 'string' && !isText(json)) return undefined;
  if (typeof value === 'bigint') return jsonNumber(value);
  return isFiniteNumber(value) ? value : json;
}

function jsonNumber(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

function listOf(value: unknown, read: (item: unknown, place: number) => unknown): readonly unknown[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const items = value.map((item: unknown, place) => read(item, place));
  return items.includes(undefined) ? undefined : items;
}

function isList<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is readonly Item[] {
  return Array.isArray(value) && value.length > 0 && value.every(isItem);
}

/** Half of a pair of code units is in no stored text. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !/\p{Surrogate}/u.test(value);
}

function isPattern(value: unknown): value is string {
  return isText(value) && patternProblem(value) === undefined;
}

function isTypeName(value: unknown): value is string {
  return isText(value) && typeNamed(value) !== undefined;
}

function escapeOf({ values }: ArgumentContext): string | null {
  return isText(values.escape) && [...values.escape].length === 1 ? values.escape : null;
}

function because(problem: unknown): string {
  return typeof problem === 'string' ? ` (${problem})` : '';
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
