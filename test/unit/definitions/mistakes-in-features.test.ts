/** Bad features: each is reported once, with its place, the problem and the mend. */
import { describe, it } from 'vitest';
import {
  aggregate,
  approxQuantile,
  bucketize,
  categorical,
  categoricalEncode,
  clip,
  collectDistinct,
  count,
  embedding,
  hashEncode,
  lastN,
  log1p,
  mean,
  mostFrequent,
  normalize,
  numeric,
  standardize,
  sum,
  text,
} from '../../../index.ts';
import { expectOneProblem, viewWith, type Mistake } from './project.ts';

/** For arguments that the compiler would refuse. */
const wrong = (value: unknown): never => value as never;

const CASES: Readonly<Record<string, readonly Mistake[]>> = {
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
    [
      'a quantile above 1',
      viewWith({ f: approxQuantile('delay', 95, { window: '1d' }) }),
      'view view, feature f, p: 95 is not a quantile; give a number from 0 to 1 with at most 6 digits after the point, such as 0.95',
    ],
    [
      'a quantile of too many digits',
      viewWith({ f: approxQuantile('delay', 0.9999999, { window: '1d' }) }),
      /0.9999999 is not a quantile/,
    ],
    [
      'a list without end',
      viewWith({ f: collectDistinct('origin', { window: '1d', limit: 10_001 }) }),
      'view view, feature f, limit: 10001 is not a number of values; give a whole number from 1 to 10000',
    ],
    [
      'the limit of another function',
      viewWith({ f: mostFrequent('origin', wrong({ window: '1d', limit: 3 })) }),
      /unknown option "limit"/,
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
      'clip with a fraction for int64',
      viewWith({ f: numeric({ column: 'delay', transform: clip({ min: 0, max: 0.5 }) }) }),
      /min and max are whole numbers, since the value is int64/,
    ],
    [
      'clip without a bound',
      viewWith({ f: numeric({ column: 'delay', transform: clip(wrong({ min: 0 })) }) }),
      'view view, feature f, transform: the parameter "max" is missing; give { min, max }',
    ],
    [
      'boundaries that fall',
      viewWith({ f: numeric({ column: 'delay', transform: bucketize({ boundaries: [1, 1] }) }) }),
      /boundaries is a list of 1 to 10000 finite numbers, each above the one before/,
    ],
    [
      'no bucket',
      viewWith({ f: categorical({ column: 'origin', transform: hashEncode({ buckets: 0 }) }) }),
      /buckets is a whole number of at least 1/,
    ],
    [
      'the logarithm of a string',
      viewWith({ f: categorical({ column: 'origin', transform: log1p() }) }),
      'view view, feature f, transform: log1p cannot read string; it needs an int64 or float64 value',
    ],
    [
      'unknown transform',
      viewWith({ f: numeric({ column: 'delay', transform: wrong({ transform: 'normalise' }) }) }),
      'view view, feature f, transform: "normalise" is not a transform; use normalize',
    ],
  ],
};

describe.each(Object.entries(CASES))('%s', (_group, mistakes) => {
  it.each(mistakes)('%s', (_title, definition, expected) => {
    expectOneProblem(definition, expected);
  });
});
