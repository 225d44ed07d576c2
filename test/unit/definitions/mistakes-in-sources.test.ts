/** Bad entities, sources and expectations: each is reported once, with its place, the problem and the mend. */
import { describe, it } from 'vitest';
import { databaseSource, entity, expectation, fileSource } from '../../../index.ts';
import { expectOneProblem, flightSchema, type Mistake } from './project.ts';

/** For arguments that the compiler would refuse. */
const wrong = (value: unknown): never => value as never;

const fileWith = (options: object): unknown =>
  fileSource('other', { path: 'a.csv', timestamp: 'date', schema: { date: 'timestamp', id: 'int64' }, ...options });

const CASES: Readonly<Record<string, readonly Mistake[]>> = {
  entities: [
    ['no keys', entity('empty', { keys: {} }), /^entity empty: the entity has no keys/],
    [
      'unknown type',
      entity('bad', { keys: { id: wrong('integer') } }),
      'entity bad, key id: "integer" is not a key type; choose one of string, int64, float64, boolean, timestamp',
    ],
    [
      'the name of the spine time',
      entity('bad', { keys: { event_timestamp: 'timestamp' } }),
      /the name is taken by the time of a spine row/,
    ],
    ['no options', entity('bad', wrong(undefined)), /^entity bad: the options are undefined/],
  ],
  sources: [
    [
      'missing timestamp',
      fileWith({ timestamp: undefined }),
      'source other, timestamp: the option "timestamp" is missing; name the column that says when the event happened',
    ],
    [
      'unknown timestamp',
      fileWith({ timestamp: 'time' }),
      'source other, timestamp: source other has no column "time"; columns: date, id',
    ],
    [
      'timestamp of another type',
      fileWith({ timestamp: 'id' }),
      /column "id" is int64; declare it as 'timestamp', or as 'timestamp\[s\]'/,
    ],
    ['created of another type', fileWith({ created: 'id' }), /^source other, created: column "id" is int64/],
    [
      'misspelt created',
      fileWith({ created: 'dat' }),
      /^source other, created: .* no column "dat"; did you mean "date"/,
    ],
    ['unknown event id', fileWith({ eventId: 'uuid' }), /^source other, eventId: source other has no column "uuid"/],
    [
      'an operation that is no text',
      fileWith({ operation: 'id' }),
      'source other, operation: column "id" is int64; an operation is a string: insert, update or delete, or their letters',
    ],
    [
      'unknown column type',
      fileWith({ schema: { date: 'timestamp', id: 'integer' } }),
      /^source other, column id: "integer" is not a column type; types: string, int64/,
    ],
    ['misspelt column type', fileWith({ schema: { date: 'timestamp', id: 'strng' } }), /did you mean "string"\?/],
    ['missing path', fileWith({ path: undefined }), /^source other, path: the option "path" is missing/],
    [
      'unknown format',
      fileWith({ path: 'data/flights.xls' }),
      'source other, path: "data/flights.xls" does not say its format; let it end in .parquet, .csv, .jsonl, .ndjson, such as data/*.parquet',
    ],
    [
      'rename of an unknown column',
      fileWith({ rename: { ident: 'ID' } }),
      /^source other, rename ident: the schema has no column "ident"/,
    ],
    [
      'two readers of one input column',
      fileWith({ rename: { id: 'date' } }),
      /^source other, column id: it reads "date" of the input, as "date" does/,
    ],
    [
      'column names that differ in case',
      fileWith({ schema: { date: 'timestamp', Date: 'string' } }),
      /^source other, column Date: the name differs from "date" in case only/,
    ],
    [
      'invalid column name',
      fileWith({ schema: { date: 'timestamp', 'dep time': 'string' } }),
      /^source other, column dep time: "dep time" is not a valid name; .*rename: \{ ours: "dep time" \}/,
    ],
    ['unknown zone', fileWith({ timezone: 'Europe/Berln' }), /"Europe\/Berln" is not a time zone; give an IANA name/],
    [
      'unknown contract mode',
      fileWith({ contract: { columns: 'ignore' } }),
      'source other, contract, columns: "ignore" is not a valid value; choose one of evolve, freeze, quarantine, discard',
    ],
    [
      'misspelt option',
      fileWith({ timezon: 'UTC' }),
      'source other: unknown option "timezon"; did you mean "timezone"?',
    ],
    [
      'neither table nor query',
      databaseSource('db', wrong({ url: 'env:X', timestamp: 'at', schema: { at: 'timestamp' } })),
      /^source db: it needs a table or a query/,
    ],
  ],
  expectations: [
    [
      'unknown type',
      fileWith({ expectations: [expectation('expect_column_values_to_be_nul', { column: 'id' })] }),
      /^source other, expectation expect_column_values_to_be_nul: there is no expectation of this type; known: expect_column_values_to_be_null/,
    ],
    [
      'unknown column',
      fileWith({ expectations: [expectation('expect_column_values_to_not_be_null', { column: 'ident' })] }),
      /source other has no column "ident"/,
    ],
    [
      'unknown argument',
      fileWith({ expectations: [expectation('expect_column_values_to_not_be_null', { column: 'id', most: 1 })] }),
      /unknown argument "most"; known: mostly/,
    ],
    [
      'missing argument',
      fileWith({ expectations: [expectation('expect_column_values_to_be_in_set', { column: 'id' })] }),
      /the argument "value_set" is missing/,
    ],
    [
      'no bound',
      fileWith({ expectations: [expectation('expect_column_values_to_be_between', { column: 'id' })] }),
      /it has no bound; give min_value, max_value or both/,
    ],
    [
      'swapped bounds',
      fileWith({
        expectations: [expectation('expect_column_values_to_be_between', { column: 'id', min_value: 2, max_value: 1 })],
      }),
      /min_value is above max_value/,
    ],
    [
      'bound of another type',
      fileWith({
        expectations: [expectation('expect_column_values_to_be_between', { column: 'id', min_value: 'low' })],
      }),
      /"low" is not valid; give a value of the type of column "id" \(int64\)/,
    ],
    [
      'mostly above 1',
      fileWith({ expectations: [expectation('expect_column_values_to_not_be_null', { column: 'id', mostly: 95 })] }),
      /mostly: 95 is not valid; give a number from 0 to 1/,
    ],
    [
      'backtracking pattern',
      viewExpecting('expect_column_values_to_match_regex', { column: 'origin', regex: '(a)\\1' }),
      /regex: .* is not valid; give a regular expression in RE2 syntax/,
    ],
    [
      'pattern for a number',
      fileWith({ expectations: [expectation('expect_column_values_to_match_regex', { column: 'id', regex: 'a' })] }),
      /column "id" is int64; it looks at columns of type string/,
    ],
    [
      'quarantine of a whole column',
      fileWith({
        expectations: [
          expectation('expect_column_mean_to_be_between', { column: 'id', min_value: 0 }, { onFailure: 'quarantine' }),
        ],
      }),
      /a column expectation has no bad rows to set aside/,
    ],
    [
      'unknown severity',
      fileWith({
        expectations: [
          expectation('expect_column_values_to_not_be_null', { column: 'id' }, wrong({ severity: 'high' })),
        ],
      }),
      /severity: "high" is not a valid value; choose one of critical, warning, info/,
    ],
    [
      'not an expectation',
      fileWith({ expectations: ['not null'] }),
      /^source other, expectations\[0\]: "not null" is not an expectation/,
    ],
  ],
};

describe.each(Object.entries(CASES))('%s', (_group, mistakes) => {
  it.each(mistakes)('%s', (_title, definition, expected) => {
    expectOneProblem(definition, expected);
  });
});

function viewExpecting(type: string, ruleArguments: Readonly<Record<string, unknown>>): unknown {
  return fileSource('other', {
    path: 'a.csv',
    timestamp: 'date',
    schema: flightSchema,
    expectations: [expectation(type, ruleArguments)],
  });
}
