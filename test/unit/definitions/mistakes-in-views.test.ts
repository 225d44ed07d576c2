/** Bad views, references and names: each is reported once, with its place, the problem and the mend. */
import { describe, expect, it } from 'vitest';
import {
  boolean,
  count,
  derivedView,
  entity,
  featureService,
  featureView,
  numeric,
  requestSource,
  sum,
} from '../../../index.ts';
import { airport, expectOneProblem, flights, problemsOf, request, viewWith, type Mistake } from './project.ts';

/** For arguments that the compiler would refuse. */
const wrong = (value: unknown): never => value as never;

const delays = featureView('delays', {
  entities: [airport],
  source: flights,
  features: { flights: count({ last: 3 }) },
});

const numbered = requestSource('numbered', { schema: { origin: 'int64' } });

const derivedWith = (options: object): unknown =>
  derivedView('clock', {
    inputs: [request],
    features: { late: boolean() },
    compute: () => ({ late: true }),
    ...options,
  });

const CASES: Readonly<Record<string, readonly Mistake[]>> = {
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
      'service that wants two types of one column',
      featureService('service', { features: [delays, derivedWith({ inputs: [numbered] }) as never] }),
      `service service: the spine's column "origin" would have to be string and int64; rename one, or read the view through view.as('…', { key: 'another column' })`,
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
    [
      'asynchronous function',
      derivedWith({ compute: async () => ({ late: 1 }) }),
      /^view clock, compute: it does not return its values at once/,
    ],
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

describe.each(Object.entries(CASES))('%s', (_group, mistakes) => {
  it.each(mistakes)('%s', (_title, definition, expected) => {
    expectOneProblem(definition, expected);
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
