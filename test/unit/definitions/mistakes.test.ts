/** Bad definitions: each is reported once, with its place, the problem and the mend. */
import { describe, expect, it } from 'vitest';
import {
  aggregate,
  boolean,
  categorical,
  categoricalEncode,
  count,
  databaseSource,
  derivedView,
  embedding,
  entity,
  expectation,
  featureService,
  featureView,
  fileSource,
  lastN,
  mean,
  normalize,
  numeric,
  standardize,
  sum,
  text,
} from '../../../index.ts';
import { airport, flights, flightSchema, problemsOf, request, viewWith } from './project.ts';

/** For arguments that the compiler would refuse. */
const wrong = (value: unknown): never => value as never;

const delays = featureView('delays', {
  entities: [airport],
  source: flights,
  features: { flights: count({ last: 3 }) },
});
const fileWith = (options: object): unknown =>
  fileSource('other', { path: 'a.csv', timestamp: 'date', schema: { date: 'timestamp', id: 'int64' }, ...options });
const derivedWith = (options: object): unknown =>
  derivedView('clock', {
    inputs: [request],
    features: { late: boolean() },
    compute: () => ({ late: true }),
    ...options,
  });

/** Title, definition, the one problem that it must give. */
type Case = readonly [string, unknown, string | RegExp];

const CASES: Readonly<Record<string, readonly Case[]>> = {
  features: [
    [
      'unknown column',
      viewWith({ f: sum(wrong('dealy'), { window: '1d' }) }),
      'view view, feature f: source flights has no column "dealy"; did you mean "delay"?',
    ],
    [
      'unknown column of its own name',
      viewWith({ speed: numeric() }),
      /^view view, feature speed: source flights has no column "speed"; columns: cancelled, date, /,
    ],
    [
      'sum of a string',
      viewWith({ f: sum(wrong('origin'), { window: '1d' }) }),
      'view view, feature f: column "origin" is string; sum reads int64 or float64',
    ],
    [
      'categorical of a float',
      viewWith({ f: categorical({ column: 'distance' }) }),
      'view view, feature f: column "distance" is float64; categorical reads string or int64 or boolean, or a list of them',
    ],
    [
      'text of a number',
      viewWith({ f: text({ column: 'delay' }) }),
      'view view, feature f: column "delay" is int64; text reads string, or a list of them',
    ],
    [
      'embedding of another size',
      viewWith({ f: embedding(8, { column: 'vector' }) }),
      'view view, feature f: column "vector" is float32[4]; embedding reads float32[8]',
    ],
    [
      'no dimensions',
      viewWith({ f: embedding(0, { column: 'vector' }) }),
      /0 is not a number of dimensions; write embedding\(n\)/,
    ],
    [
      'not a feature',
      viewWith({ f: 'delay' }),
      /^view view, feature f: "delay" is not a feature; write it as numeric\(\)/,
    ],
    ['no features', viewWith({}), 'view view: the view has no features; give at least one'],
    [
      'columns and aggregates',
      viewWith({ delay: numeric(), flights: count({ window: '1h' }) }),
      'view view: it mixes columns (delay) and aggregates (flights); put the columns and the aggregates into two views',
    ],
    [
      'misspelt option',
      viewWith({ delay: numeric(wrong({ defualt: 0 })) }),
      'view view, feature delay: unknown option "defualt"; did you mean "default"?',
    ],
    [
      'default of another type',
      viewWith({ delay: numeric(wrong({ default: 'none' })) }),
      'view view, feature delay, default: "none" is not a value of int64; give one, or no default',
    ],
    [
      'fraction as default of an integer',
      viewWith({ delay: numeric({ default: 0.5 }) }),
      /0.5 is not a value of int64/,
    ],
    [
      'default beyond 64 bits',
      viewWith({ delay: numeric({ default: 2n ** 63n }) }),
      /9223372036854775808 is not a value of int64/,
    ],
    [
      'bad name',
      viewWith({ 'delay-mean': numeric({ column: 'delay' }) }),
      /^view view, feature delay-mean: "delay-mean" is not a valid name; a name starts with a letter/,
    ],
    ['double underscore', viewWith({ delay__mean: numeric({ column: 'delay' }) }), /"delay__mean" is not a valid name/],
    ['name of 64 characters', viewWith({ ['f'.repeat(64)]: numeric({ column: 'delay' }) }), /is not a valid name/],
    [
      'names that differ in case',
      viewWith({ delay: numeric(), Delay: numeric({ column: 'delay' }) }),
      'view view, feature Delay: the name differs from "delay" in case only; rename one of them',
    ],
    [
      'pii that is no flag',
      viewWith({ delay: numeric(wrong({ pii: 'yes' })) }),
      'view view, feature delay, pii: "yes" is not a valid value; give true or false',
    ],
  ],
  windows: [
    [
      'neither window nor last',
      viewWith({ f: mean('delay', wrong({})) }),
      /^view view, feature f: it has neither a window nor last; give one of them/,
    ],
    ['both', viewWith({ f: mean('delay', wrong({ window: '1d', last: 2 })) }), /it has both a window and last/],
    [
      'bad duration',
      viewWith({ f: mean('delay', wrong({ window: '1 day' })) }),
      /^view view, feature f, window: "1 day" is not a duration; write a positive whole number and a unit/,
    ],
    ['window of 0', viewWith({ f: mean('delay', { window: '0d' }) }), /"0d" is not a duration/],
    [
      'resolution above the window',
      viewWith({ f: mean('delay', { window: '1h', resolution: '1d' }) }),
      'view view, feature f, resolution: the resolution 1d is above the window 1h; give at most 1h, or leave it out',
    ],
    [
      'resolution with last',
      viewWith({ f: mean('delay', wrong({ last: 2, resolution: '1s' })) }),
      /resolution has no meaning with last/,
    ],
    [
      'last of 0',
      viewWith({ f: mean('delay', { last: 0 }) }),
      'view view, feature f, last: 0 is not a number of events; give a whole number from 1',
    ],
    [
      'lastN of 0',
      viewWith({ f: lastN('delay', 0) }),
      'view view, feature f, length: 0 is not a number of events; give a whole number from 1',
    ],
    ['lastN of a fraction', viewWith({ f: lastN('delay', 1.5) }), /1.5 is not a number of events/],
    ['lastN with a window', viewWith({ f: lastN('delay', 5, wrong({ window: '1d' })) }), /unknown option "window"/],
    [
      'lastN of a list',
      viewWith({ f: lastN(wrong('legs'), 5) }),
      /column "legs" is int64\[\]; lastN reads string or int64/,
    ],
    [
      'maxEvents of 0',
      viewWith({ f: mean('delay', { window: '1h', resolution: 'exact', maxEvents: 0 }) }),
      /0 is not a number of events/,
    ],
  ],
  filters: [
    [
      'unknown column',
      viewWith({ f: count({ window: '1d', where: wrong({ orign: 'ORD' }) }) }),
      'view view, feature f, where orign: source flights has no column "orign"; did you mean "origin"?',
    ],
    [
      'value of another type',
      viewWith({ f: count({ window: '1d', where: { origin: ['ORD', 7] } }) }),
      'view view, feature f, where origin: 7 is not a value of string; give a value or a list of values of string',
    ],
    ['null', viewWith({ f: count({ window: '1d', where: wrong({ origin: null }) }) }), /null is not a value of string/],
    ['empty list', viewWith({ f: count({ window: '1d', where: { origin: [] } }) }), /the list is empty/],
    ['list column', viewWith({ f: count({ window: '1d', where: { legs: 1 } }) }), /a filter compares single values/],
  ],
  transforms: [
    [
      'of a string',
      viewWith({ f: categorical({ column: 'origin', transform: standardize() }) }),
      'view view, feature f, transform: standardize cannot read string; it needs an int64 or float64 value',
    ],
    [
      'half of the parameters',
      viewWith({ f: numeric({ column: 'delay', transform: normalize(wrong({ min: 0 })) }) }),
      'view view, feature f, transform: the parameter "max" is missing; give { min, max }, or no parameters to have them fitted',
    ],
    [
      'swapped bounds',
      viewWith({ f: numeric({ column: 'delay', transform: normalize({ min: 2, max: 1 }) }) }),
      /min is at most max/,
    ],
    [
      'negative deviation',
      viewWith({ f: numeric({ column: 'delay', transform: standardize({ mean: 0, std: -1 }) }) }),
      /std is at least 0/,
    ],
    [
      'unknown function of a list',
      viewWith({ f: numeric({ column: 'legs', transform: aggregate({ function: wrong('median') }) }) }),
      'view view, feature f, transform: {"function":"median"} are not valid parameters; function is one of mean, sum, count',
    ],
    [
      'category without a number',
      viewWith({ f: categorical({ column: 'origin', transform: categoricalEncode({ mapping: { ORD: 0.5 } }) }) }),
      /mapping gives each category a whole number/,
    ],
    [
      'unknown transform',
      viewWith({ f: numeric({ column: 'delay', transform: wrong({ transform: 'normalise' }) }) }),
      'view view, feature f, transform: "normalise" is not a transform; use normalize',
    ],
  ],
  views: [
    [
      'misspelt option',
      viewWith({ delay: numeric() }, { tll: '7d' }),
      'view view: unknown option "tll"; did you mean "ttl"?',
    ],
    [
      'ttl of 0',
      viewWith({ delay: numeric() }, { ttl: '0d' }),
      /^view view, ttl: "0d" is not a valid value; write a positive whole number and a unit/,
    ],
    ['ttl of the number 0', viewWith({ delay: numeric() }, { ttl: 0 }), /^view view, ttl: 0 is not a valid value/],
    [
      'ttl of 0 on aggregates',
      viewWith({ f: count({ last: 1 }) }, { ttl: '0s' }),
      /^view view, ttl: "0s" is not a valid value/,
    ],
    [
      'unknown entity',
      viewWith({ delay: numeric() }, { entities: ['airport'] }),
      'view view, entities: unknown entity "airport"; give the result of entity(…)',
    ],
    [
      'no entity',
      viewWith({ delay: numeric() }, { entities: [] }),
      'view view, entities: the view has no entity; give a list of entities',
    ],
    [
      'unknown source',
      viewWith({ delay: numeric() }, { source: undefined }),
      /^view view, source: unknown source undefined; give the result of fileSource/,
    ],
    [
      'request source',
      viewWith({ delay: numeric() }, { source: request }),
      /"request" is a request source, which has no history/,
    ],
    [
      'key without a column',
      viewWith({ delay: numeric() }, { entities: [entity('carrier', { keys: { carrier: 'string' } })] }),
      'view view, key carrier: source flights has no column for the key of entity carrier; declare "carrier" in its schema; if the input calls it differently, add rename: { carrier: \'…\' }',
    ],
    [
      'key of another type',
      viewWith({ delay: numeric() }, { entities: [entity('flight', { keys: { delay: 'string' } })] }),
      'view view, key delay: column "delay" of source flights is int64, but entity flight declares string; declare the same type in both',
    ],
    [
      'one key of two entities',
      viewWith({ delay: numeric() }, { entities: [airport, entity('city', { keys: { origin: 'string' } })] }),
      /two of its entities have this key/,
    ],
    [
      'unknown engine',
      viewWith({ delay: numeric() }, { engine: 'sparc' }),
      'view view, engine: "sparc" is not a valid value; choose one of auto, duckdb, spark',
    ],
    [
      'bad name',
      featureView('my-view', { entities: [airport], source: flights, features: { delay: numeric() } }),
      /^view my-view: "my-view" is not a valid name/,
    ],
  ],
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
    ['unknown event id', fileWith({ eventId: 'uuid' }), /^source other, eventId: source other has no column "uuid"/],
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
  references: [
    [
      'unknown key of an alias',
      delays.as('other', wrong({ origen: 'destination' })),
      'alias other, key origen: view delays has no such key; its keys: origin',
    ],
    [
      'alias that is named like a view',
      { delays, alias: delays.as('delays', { origin: 'destination' }) },
      'alias delays: features.ts has another view of this name; rename one of them',
    ],
    [
      'unknown picked feature',
      featureService('service', { features: [delays.pick(wrong('flight'))] }),
      'service service, features[0], pick of delays: view delays has no feature "flight"; features: flights',
    ],
    ['empty pick', featureService('service', { features: [delays.pick()] }), /it names no feature/],
    [
      'column that comes twice',
      featureService('service', { features: [delays, delays.pick('flights')] }),
      /^service service: the output column delays__flights comes twice/,
    ],
    [
      'empty service',
      featureService('service', { features: [] }),
      'service service, features: the service has no features; give a list of views',
    ],
    [
      'entity in a service',
      featureService('service', { features: wrong([airport]) }),
      /entity airport has no features/,
    ],
    ['name in a service', featureService('service', { features: wrong(['delays']) }), /"delays" is not a view/],
  ],
  'derived views': [
    ['no inputs', derivedWith({ inputs: [] }), /^view clock, inputs: the view has no inputs/],
    [
      'input from a circle of imports',
      derivedWith({ inputs: [undefined] }),
      /^view clock, inputs\[0\]: undefined is not a view; .* not in a circle of imports/,
    ],
    ['rows as input', derivedWith({ inputs: [flights] }), /source flights holds rows, not request values/],
    [
      'two inputs of one name',
      derivedWith({ inputs: [delays, delays.pick('flights')] }),
      /two inputs are named "delays"/,
    ],
    ['no function', derivedWith({ compute: undefined }), /^view clock, compute: undefined is no function/],
    ['no features', derivedWith({ features: {} }), /^view clock: the view has no features/],
    [
      'aggregate as output',
      derivedWith({ features: { late: count({ last: 2 }) } }),
      /^view clock, feature late: .* is not an output of a derived view/,
    ],
    [
      'column of an output',
      derivedWith({ features: { late: boolean({ column: 'x' }) } }),
      'view clock, feature late, column: a computed feature takes no column; do it in compute',
    ],
    [
      'default of another type',
      derivedWith({ features: { late: boolean({ default: 1 }) } }),
      /late, default: 1 is not a value of boolean/,
    ],
  ],
};

describe.each(Object.entries(CASES))('%s', (_group, cases) => {
  it.each(cases)('%s', (_title, definition, expected) => {
    const [first, ...others] = problemsOf(isExports(definition) ? definition : { definition });
    expect(others).toEqual([]);
    if (typeof expected === 'string') expect(first).toBe(expected);
    else expect(first).toMatch(expected);
  });
});

describe('names', () => {
  it('belong to one definition of a kind', () => {
    const twin = entity('airport', { keys: { origin: 'string' } });
    expect(problemsOf({ airport, twin })).toEqual([
      'entity airport: features.ts has another entity of this name; rename one of them',
    ]);
    const view = featureView('clock', { entities: [airport], source: flights, features: { delay: numeric() } });
    expect(problemsOf({ view, derived: derivedWith({}) })).toEqual([
      'view clock: features.ts has another view of this name; rename one of them',
    ]);
  });

  it('differ in more than case', () => {
    const upper = entity('Airport', { keys: { origin: 'string' } });
    expect(problemsOf({ airport, upper })[0]).toMatch(/the name differs from "Airport" in case only/);
  });

  it('may be shared by different kinds', () => {
    const view = featureView('flights', { entities: [airport], source: flights, features: { delay: numeric() } });
    expect(problemsOf({ view })).toEqual([]);
  });

  it('may be given to the same alias twice, not to two aliases', () => {
    const [one, same, other] = ['a', 'a', 'b'].map((column) => delays.as('dest', { origin: column }));
    expect(problemsOf({ one, same })).toEqual([]);
    expect(problemsOf({ one, other })).toEqual([
      'alias dest: features.ts has another alias of this name; rename one of them',
    ]);
  });
});

describe('cyclic derived views', () => {
  it('are named as a circle', () => {
    const inputs: unknown[] = [request];
    const first = derivedWith({ inputs });
    const second = derivedView('second', {
      inputs: wrong([first]),
      features: { x: numeric() },
      compute: () => ({ x: 1 }),
    });
    inputs.push(second);
    expect(problemsOf({ first, second })[0]).toBe(
      'view clock: it is cyclic: clock → second → clock; let one of them read its inputs from elsewhere',
    );
  });
});

describe('several problems', () => {
  it('are all reported, the first as the error itself', () => {
    const view = viewWith({ a: sum(wrong('origin'), { window: '1d' }), b: numeric() }, { ttl: 'never' });
    expect(problemsOf({ view }).map((text) => text.split(':')[0])).toEqual([
      'view view, feature a',
      'view view, feature b',
      'view view, ttl',
    ]);
  });
});

function isExports(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !('definition' in value);
}

function viewExpecting(type: string, ruleArguments: Readonly<Record<string, unknown>>): unknown {
  return fileSource('other', {
    path: 'a.csv',
    timestamp: 'date',
    schema: flightSchema,
    expectations: [expectation(type, ruleArguments)],
  });
}
