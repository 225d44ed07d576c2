/** Random row rules, each with what it says of a row in plain words: nothing of the code under test is in them. */
import fc from 'fast-check';
import type { ExpectationManifest } from '../../../contracts/manifest.ts';
import { formatInstant } from '../../../contracts/time.ts';
import type { StoredType } from '../../../contracts/values.ts';
import type { EngineValue } from '../../../engine/engine.ts';

export const COLUMNS = {
  i: 'int64',
  j: 'int64',
  k: 'int64',
  f: 'float64',
  g: 'float64',
  s: 'string',
  t: 'string',
  b: 'boolean',
  c: 'boolean',
  at: 'timestamp',
  since: 'timestamp',
  list: 'string[]',
} as const satisfies Readonly<Record<string, StoredType>>;
export type Column = keyof typeof COLUMNS;
export type Row = Readonly<Record<Column, EngineValue>>;
export type Verdict = 'outside' | 'missing' | 'holds' | 'breaks';

interface GeneratedRule {
  readonly rule: ExpectationManifest;
  readonly judge: (row: Row) => Verdict;
}

const MAX = 2n ** 63n - 1n;
const integer = fc.constantFrom(0n, 1n, -1n, 2n, 3n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, MAX, -MAX - 1n);
const float = fc.constantFrom(
  0,
  -0,
  1,
  2,
  3,
  0.1,
  0.2,
  0.30000000000000004,
  2 ** 53,
  1e308,
  5e-324,
  Infinity,
  -Infinity,
);
const date = fc
  .tuple(fc.constantFrom('2023', '2024', '1900', '2000', '0000', '24'), fc.nat(13), fc.nat(32))
  .map(([year, month, day]) => `${year}-${month}-${day}`);
const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'A',
    'ab',
    'b',
    'ba',
    '\u{1F600}',
    '\uFF5E',
    'a\nb',
    'é',
    'e\u0301',
    '%',
    'a_',
    'a%',
    '\\',
    '\0',
  ),
  fc.constantFrom('\u212A', '\u017F', "it's", ' ', 'a b', '"', 'aXb', '\u00a0', '1'),
  date,
  fc.string({ unit: 'binary', maxLength: 3 }).filter((one) => !/\p{Surrogate}/u.test(one)),
);
const instant = fc.constantFrom(0n, 1n, -1n, 1_704_067_200_000_000n, 1_704_067_200_000_001n);

const VALUES: Readonly<Record<string, fc.Arbitrary<EngineValue>>> = {
  int64: integer,
  float64: float,
  string: text,
  boolean: fc.boolean(),
  timestamp: instant,
  'string[]': fc.constantFrom<EngineValue[]>([], ['a'], ['a', null]),
};
const valueOf = (column: Column): fc.Arbitrary<EngineValue> => VALUES[COLUMNS[column]]!;

export const generatedRow: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(
    (Object.keys(COLUMNS) as Column[]).map((column) => {
      const missing = COLUMNS[column] === 'float64' ? fc.constantFrom(null, Number.NaN) : fc.constant(null);
      return [column, fc.oneof({ arbitrary: valueOf(column), weight: 4 }, { arbitrary: missing, weight: 1 })];
    }),
  ) as Record<Column, fc.Arbitrary<EngineValue>>,
);

const isMissing = (value: EngineValue): boolean => value === null || Number.isNaN(value);

/** Below 0, 0 or above 0. Text by its code points. */
function order(a: EngineValue, b: EngineValue): number {
  if (typeof a !== 'string' || typeof b !== 'string') return a! < b! ? -1 : a! > b! ? 1 : 0;
  const [left, right] = [a, b].map((one) => [...one].map((character) => character.codePointAt(0)!));
  const place = left!.findIndex((point, index) => point !== right![index]);
  return place === -1 ? left!.length - right!.length : left![place]! - (right![place] ?? -1);
}

/** As an argument of a rule in the manifest. */
function json(value: EngineValue, type: StoredType): unknown {
  if (type === 'timestamp') return formatInstant(value as bigint);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

type Holds = (row: Row) => Verdict;

function made(type: string, args: Readonly<Record<string, unknown>>, judge: Holds): GeneratedRule {
  const rule = {
    type: `expect_${type}`,
    level: 'row',
    arguments: args,
    severity: 'critical',
    onFailure: 'fail',
  } as const;
  return { rule, judge };
}

function ofValue(
  type: string,
  column: Column,
  args: Readonly<Record<string, unknown>>,
  holds: (value: EngineValue) => boolean,
): GeneratedRule {
  return made(`column_values_to_${type}`, { column, ...args }, (row) =>
    isMissing(row[column]) ? 'missing' : holds(row[column]) ? 'holds' : 'breaks',
  );
}

const anyColumn = fc.constantFrom(...(Object.keys(COLUMNS) as Column[]));
const scalarColumn = anyColumn.filter((column) => column !== 'list');
const orderedColumn = fc.constantFrom<Column>('i', 'f', 's', 'at');
const textColumn = fc.constantFrom<Column>('s', 't');

const nulls = fc
  .tuple(anyColumn, fc.boolean())
  .map(([column, isNull]) =>
    made(`column_values_to_${isNull ? '' : 'not_'}be_null`, { column }, (row) =>
      isMissing(row[column]) === isNull ? 'holds' : 'breaks',
    ),
  );

const between = orderedColumn.chain((column) => {
  const bound =
    COLUMNS[column] === 'int64'
      ? fc.oneof(valueOf(column), fc.constantFrom(0.5, -1.5, 1e300, -1e300))
      : valueOf(column);
  return fc.tuple(bound, fc.option(bound), fc.boolean(), fc.boolean()).map(([min, max, strictMin, strictMax]) =>
    ofValue(
      'be_between',
      column,
      {
        min_value: json(min, COLUMNS[column]),
        ...(max !== null && { max_value: json(max, COLUMNS[column]) }),
        strict_min: strictMin,
        strict_max: strictMax,
      },
      (value) =>
        (strictMin ? order(value, min) > 0 : order(value, min) >= 0) &&
        (max === null || (strictMax ? order(value, max) < 0 : order(value, max) <= 0)),
    ),
  );
});

const inSet = scalarColumn.chain((column) =>
  fc
    .tuple(fc.array(valueOf(column), { minLength: 1, maxLength: 15 }), fc.boolean())
    .map(([set, isIn]) =>
      ofValue(
        `${isIn ? '' : 'not_'}be_in_set`,
        column,
        { value_set: set.map((one) => json(one, COLUMNS[column])) },
        (value) => set.some((one) => order(one, value) === 0) === isIn,
      ),
    ),
);

/** The same language in RE2's words and in those of this process. */
const PATTERNS: readonly (readonly [string, RegExp])[] = [
  ['a', /a/u],
  ['^a', /^a/u],
  ['a$', /a$/u],
  ['^.$', /^.$/u],
  ['(?s)^.{2,}$', /^.{2,}$/su],
  ['(?i)AB?', /ab?/iu],
  ['(?i)[k-s]', /[k-s]/iu],
  ['(?m)^b$', /^b$/mu],
  ['[^a-z]', /[^a-z]/u],
  [String.raw`^\d{4}-\d\d?-`, /^\d{4}-\d\d?-/u],
  [String.raw`\w`, /\w/u],
  [String.raw`\s`, /[\t\n\f\r ]/u],
  [String.raw`\bb\b`, /\bb\b/u],
  [String.raw`\x{1F600}|é`, /\u{1F600}|é/u],
  ['[[:digit:]]', /[0-9]/u],
  ['', /(?:)/u],
  ['^$', /^$/u],
  ['\'|\\\\|"', /['\\"]/u],
  [String.raw`\Qa_\E`, /a_/u],
  ['^(a|b)+?$', /^(a|b)+?$/u],
];
const pattern = fc.constantFrom(...PATTERNS);

const regex = fc
  .tuple(textColumn, pattern, fc.boolean())
  .map(([column, [words, same], isFound]) =>
    ofValue(
      `${isFound ? '' : 'not_'}match_regex`,
      column,
      { regex: words },
      (value) => same.test(String(value)) === isFound,
    ),
  );

const regexList = fc
  .tuple(textColumn, fc.array(pattern, { minLength: 1, maxLength: 4 }), fc.constantFrom(undefined, 'any', 'all'))
  .map(([column, patterns, match_on]) =>
    ofValue(
      'match_regex_list',
      column,
      { regex_list: patterns.map(([one]) => one), ...(match_on !== undefined && { match_on }) },
      (value) => {
        const found = patterns.filter(([, same]) => same.test(String(value)));
        return match_on === 'all' ? found.length === patterns.length : found.length > 0;
      },
    ),
  );

function isLike(value: readonly string[], like: readonly string[], escape: string | undefined): boolean {
  const [first, ...rest] = like;
  if (first === undefined) return value.length === 0;
  if (first === escape) return value[0] === rest[0] && isLike(value.slice(1), rest.slice(1), escape);
  if (first === '%') return isLike(value, rest, escape) || (value.length > 0 && isLike(value.slice(1), like, escape));
  return value.length > 0 && (first === '_' || first === value[0]) && isLike(value.slice(1), rest, escape);
}

const like = fc
  .tuple(
    textColumn,
    fc.array(fc.constantFrom('%', '_', 'a', 'b', '.', '\u{1F600}', '!%', '!_', '!!', '\\', '^'), { maxLength: 4 }),
  )
  .map(([column, parts]) => {
    const like_pattern = parts.join('');
    const escape = parts.some((part) => part.startsWith('!')) ? '!' : undefined;
    return ofValue('match_like_pattern', column, { like_pattern, ...(escape && { escape }) }, (value) =>
      isLike([...String(value)], [...like_pattern], escape),
    );
  });

const lengths = fc
  .tuple(textColumn, fc.nat(3), fc.option(fc.nat(3)), fc.boolean(), fc.boolean())
  .map(([column, min, max, strict_min, strict_max]) =>
    made(
      'column_value_lengths_to_be_between',
      { column, min_value: min, ...(max !== null && { max_value: max }), strict_min, strict_max },
      (row) => {
        if (row[column] === null) return 'missing';
        const { length } = [...String(row[column])];
        const isLong = strict_min ? length > min : length >= min;
        return isLong && (max === null || (strict_max ? length < max : length <= max)) ? 'holds' : 'breaks';
      },
    ),
  );

const TYPE_NAMES = {
  int64: 'INTEGER',
  float64: 'float',
  string: 'str',
  boolean: 'bool',
  timestamp: 'datetime64',
} as const;
const types = fc.tuple(anyColumn, fc.subarray(Object.entries(TYPE_NAMES), { minLength: 1 })).map(([column, names]) => {
  const isOf = names.some(([type]) => type === COLUMNS[column]);
  return names.length === 1
    ? ofValue('be_of_type', column, { type_: names[0]![1] }, () => isOf)
    : ofValue('be_in_type_list', column, { type_list: names.map(([, name]) => name) }, () => isOf);
});

const dates = textColumn.map((column) =>
  ofValue('match_strftime_format', column, { strftime_format: '%Y-%m-%d' }, (value) => {
    const [, year, month, day] = /^(\d{4})-(\d\d?)-(\d\d?)$/.exec(String(value)) ?? [];
    if (year === undefined || year === '0000') return false;
    const parsed = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
    return parsed.getUTCMonth() === Number(month) - 1 && parsed.getUTCDate() === Number(day);
  }),
);

/** The values of the columns as they are compared with each other. */
function together(row: Row, columns: readonly Column[]): readonly EngineValue[] {
  const isMixed = new Set(columns.map((column) => COLUMNS[column])).size > 1;
  return columns.map((column) => {
    const value = row[column];
    return isMissing(value) ? null : isMixed ? Number(value) : value;
  });
}

function ofPair(
  type: string,
  [column_A, column_B]: readonly [Column, Column],
  args: Readonly<Record<string, unknown>>,
  ignore_row_if: string | undefined,
  holds: (a: EngineValue, b: EngineValue) => boolean,
): GeneratedRule {
  const given = { column_A, column_B, ...args, ...(ignore_row_if !== undefined && { ignore_row_if }) };
  return made(`column_pair_values_${type}`, given, (row) => {
    const missing = [row[column_A], row[column_B]].filter(isMissing).length;
    const ignored = ignore_row_if === 'either_value_is_missing' ? 1 : ignore_row_if === 'neither' ? 3 : 2;
    return missing >= ignored ? 'missing' : holds(row[column_A], row[column_B]) ? 'holds' : 'breaks';
  });
}

const ORDERED_PAIRS: readonly (readonly [Column, Column])[] = [
  ['i', 'j'],
  ['f', 'g'],
  ['i', 'f'],
  ['g', 'j'],
  ['s', 't'],
  ['at', 'since'],
];
const ignoredPair = fc.constantFrom(undefined, 'both_values_are_missing', 'either_value_is_missing', 'neither');

const greater = fc.tuple(fc.constantFrom(...ORDERED_PAIRS), fc.boolean(), ignoredPair).map(([pair, or_equal, ignore]) =>
  ofPair('a_to_be_greater_than_b', pair, { or_equal }, ignore, (left, right) => {
    const [a, b] = together({ [pair[0]]: left, [pair[1]]: right } as Row, pair);
    return a! !== null && b! !== null && (or_equal ? order(a!, b!) >= 0 : order(a!, b!) > 0);
  }),
);

const equal = fc.tuple(fc.constantFrom(...ORDERED_PAIRS, ['b', 'c'] as const), ignoredPair).map(([pair, ignore]) =>
  ofPair('to_be_equal', pair, {}, ignore, (left, right) => {
    const [a, b] = together({ [pair[0]]: left, [pair[1]]: right } as Row, pair);
    return a! !== null && b! !== null && order(a!, b!) === 0;
  }),
);

const pairSet = fc
  .tuple(fc.constantFrom(...ORDERED_PAIRS, ['i', 's'] as const, ['f', 'b'] as const), ignoredPair)
  .chain(([pair, ignore]) =>
    fc
      .array(fc.tuple(fc.option(valueOf(pair[0])), fc.option(valueOf(pair[1]))), { minLength: 1, maxLength: 8 })
      .map((set) => {
        const value_pairs_set = set.map((values) =>
          values.map((value, place) => (value === null ? null : json(value, COLUMNS[pair[place]!]))),
        );
        const isSame = (given: EngineValue, value: EngineValue): boolean =>
          given === null || isMissing(value) ? given === null && isMissing(value) : order(given, value) === 0;
        return ofPair('to_be_in_set', pair, { value_pairs_set }, ignore, (a, b) =>
          set.some(([left, right]) => isSame(left, a) && isSame(right, b)),
        );
      }),
  );

function ofRecord(
  type: string,
  column_list: readonly Column[],
  args: Readonly<Record<string, unknown>>,
  ignore_row_if: string | undefined,
  holds: (values: readonly EngineValue[]) => boolean,
): GeneratedRule {
  const given = { column_list, ...args, ...(ignore_row_if !== undefined && { ignore_row_if }) };
  return made(type, given, (row) => {
    const values = together(row, column_list);
    const missing = values.filter((value) => value === null).length;
    const ignored = ignore_row_if === 'any_value_is_missing' ? 1 : ignore_row_if === 'never' ? 99 : values.length;
    return missing >= ignored ? 'missing' : holds(values) ? 'holds' : 'breaks';
  });
}

const LISTS: readonly (readonly Column[])[] = [
  ['i', 'j'],
  ['i', 'j', 'k'],
  ['f', 'g'],
  ['i', 'f', 'j', 'g'],
];
const ignoredRecord = fc.constantFrom(undefined, 'all_values_are_missing', 'any_value_is_missing', 'never');
const total = fc.constantFrom<number | bigint>(
  0,
  1,
  2,
  3,
  0.5,
  0.30000000000000004,
  2n * MAX,
  2n ** 54n + 1n,
  1e300,
  -1,
);

const sum = fc.tuple(fc.constantFrom(...LISTS), total, ignoredRecord).map(([columns, sum_total, ignore]) =>
  ofRecord('multicolumn_sum_to_equal', columns, { sum_total: json(sum_total, 'int64') }, ignore, (values) => {
    if (values.includes(null)) return false;
    if (typeof values[0] !== 'bigint') return (values as number[]).reduce((a, b) => a + b) === Number(sum_total);
    return (
      order(
        (values as bigint[]).reduce((a, b) => a + b),
        sum_total,
      ) === 0
    );
  }),
);

const distinct = fc
  .tuple(fc.constantFrom(...LISTS, ['s', 't'] as const, ['b', 'c'] as const, ['at', 'since'] as const), ignoredRecord)
  .map(([columns, ignore]) => {
    const isSame = (one: EngineValue, other: EngineValue): boolean =>
      one === null || other === null ? one === other : order(one, other) === 0;
    return ofRecord('select_column_values_to_be_unique_within_record', columns, {}, ignore, (values) =>
      values.every((one, place) => values.slice(place + 1).every((other) => !isSame(one, other))),
    );
  });

interface GeneratedCondition {
  readonly row_condition: string;
  readonly meets: (row: Row) => boolean;
}

const OPERATORS = {
  '==': (found: number) => found === 0,
  '!=': (found: number) => found !== 0,
  '<': (found: number) => found < 0,
  '<=': (found: number) => found <= 0,
  '>': (found: number) => found > 0,
  '>=': (found: number) => found >= 0,
} as const;

const condition: fc.Arbitrary<GeneratedCondition> = fc.oneof(
  anyColumn.map((column) => ({
    row_condition: `col("${column}").notnull()`,
    meets: (row: Row) => !isMissing(row[column]),
  })),
  fc.constantFrom<Column>('i', 'f', 's', 'at').chain((column) => {
    const integers = fc.oneof(integer, fc.constantFrom<EngineValue>(0.5, 1e17, 1e300));
    const literal =
      column === 'i'
        ? integers
        : column === 's'
          ? text.filter((one) => !one.includes('"'))
          : column === 'f'
            ? float.filter((one) => Number.isFinite(one))
            : instant;
    return fc
      .tuple(literal, fc.constantFrom(...(Object.keys(OPERATORS) as (keyof typeof OPERATORS)[])))
      .map(([value, operator]) => {
        const written =
          column === 's'
            ? `"${String(value)}"`
            : column === 'at'
              ? `date("${formatInstant(value as bigint)}")`
              : String(value);
        return {
          row_condition: `col("${column}") ${operator} ${written}`,
          meets: (row: Row) => !isMissing(row[column]) && OPERATORS[operator](order(row[column], value)),
        };
      });
  }),
);

const unconditional = fc.oneof(
  nulls,
  between,
  inSet,
  regex,
  regexList,
  like,
  lengths,
  types,
  dates,
  greater,
  equal,
  pairSet,
  sum,
  distinct,
);

export const generatedRule: fc.Arbitrary<GeneratedRule> = fc
  .tuple(unconditional, fc.option(condition), fc.constantFrom('fail', 'quarantine', 'warn'))
  .map(([{ rule, judge }, given, onFailure]) => ({
    rule: {
      ...rule,
      onFailure,
      arguments: { ...rule.arguments, ...(given && { row_condition: given.row_condition }) },
    },
    judge: (row) => (given && !given.meets(row) ? 'outside' : judge(row)),
  }));
