import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TransformManifest } from '../../../contracts/manifest.ts';
import type { FeatureValue, StoredType } from '../../../contracts/values.ts';
import { applyTransform } from '../../../definitions/transforms.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineValue } from '../../../engine/engine.ts';
import { sqlType } from '../../../engine/sql.ts';
import { transformSql } from '../../../offline/transform-sql.ts';

let engine: Engine;
beforeAll(async () => {
  const tempDirectory = join(tmpdir(), 'asof-transforms');
  engine = await openEngine({ memoryLimit: '512MB', threads: 1, tempDirectory, allowedDirectories: [] });
});
afterAll(() => engine.close());

const EDGES = [0, -0, 1, -1, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53, 2 ** 63, -(2 ** 63)];
const anyDouble = fc.oneof(
  { weight: 4, arbitrary: fc.double() },
  { weight: 2, arbitrary: fc.double({ min: -2, max: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(...EDGES, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);
const finite = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(...EDGES));
const anyInteger = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -100n, max: 100n }),
  fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 2n }),
);
/** Every code point but those that are halves of others, NUL included. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '__proto__', 'constructor', "o'clock", 'a\0b', '\0', '-1', 'null', '\u{10ffff}', '\ufeff', '\\'),
);
const whole = fc.maxSafeInteger();

const VALUES: Readonly<Record<string, fc.Arbitrary<EngineValue>>> = {
  float64: anyDouble,
  int64: anyInteger,
  string: anyText,
  boolean: fc.boolean(),
  'int64[]': fc.array(fc.option(fc.bigInt({ min: -(2n ** 58n), max: 2n ** 58n })), { maxLength: 8 }),
  'float64[]': fc.array(fc.option(anyDouble), { maxLength: 8 }),
  'string[]': fc.array(fc.option(anyText), { maxLength: 8 }),
  'float32[3]': fc.array(fc.float(), { minLength: 3, maxLength: 3 }),
};

type Parameters = fc.Arbitrary<Readonly<Record<string, unknown>>>;
const bounds = (bound: fc.Arbitrary<number>): Parameters =>
  fc.tuple(bound, bound).map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
const boundaries: Parameters = fc
  .uniqueArray(finite, { minLength: 1, maxLength: 6, comparator: (a, b) => a === b })
  .map((list) => ({ boundaries: list.toSorted((a, b) => a - b) }));
const mapping = (category: fc.Arbitrary<string>): Parameters =>
  fc.array(fc.tuple(category, fc.nat()), { maxLength: 20 }).map((pairs) => ({ mapping: Object.fromEntries(pairs) }));
const buckets: Parameters = fc
  .oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1 }))
  .map((n) => ({ buckets: n }));
const none: Parameters = fc.constant({});

type Case = readonly [name: string, stored: StoredType, served: StoredType, parameters: Parameters];
const CASES: readonly Case[] = [
  ['normalize', 'float64', 'float64', bounds(finite)],
  ['normalize', 'int64', 'float64', bounds(finite)],
  ['standardize', 'float64', 'float64', fc.record({ mean: finite, std: finite.map(Math.abs) })],
  ['standardize', 'int64', 'float64', fc.record({ mean: finite, std: finite.map(Math.abs) })],
  ['categoricalEncode', 'string', 'int64', mapping(anyText)],
  ['categoricalEncode', 'int64', 'int64', mapping(anyInteger.map(String))],
  ['categoricalEncode', 'boolean', 'int64', mapping(fc.constantFrom('true', 'false'))],
  ['aggregate', 'int64[]', 'int64', fc.constant({ function: 'sum' })],
  ['aggregate', 'int64[]', 'float64', fc.constant({ function: 'mean' })],
  ['aggregate', 'float64[]', 'float64', fc.constantFrom({ function: 'sum' }, { function: 'mean' })],
  ['aggregate', 'float32[3]', 'float64', fc.constantFrom({ function: 'sum' }, { function: 'mean' })],
  ['aggregate', 'string[]', 'int64', fc.constant({ function: 'count' })],
  ['clip', 'float64', 'float64', bounds(finite)],
  ['clip', 'int64', 'int64', bounds(whole)],
  ['log1p', 'float64', 'float64', none],
  ['log1p', 'int64', 'float64', none],
  ['bucketize', 'float64', 'int64', boundaries],
  ['bucketize', 'int64', 'int64', boundaries],
  ['hashEncode', 'string', 'int64', buckets],
  ['hashEncode', 'int64', 'int64', buckets],
  ['hashEncode', 'boolean', 'int64', buckets],
];

describe('a transform', () => {
  it.each(CASES)('%s of %s gives the same bits in SQL and in TypeScript', async (name, stored, served, parameters) => {
    const values = fc.array(fc.option(VALUES[stored]!, { freq: 20 }), { minLength: 50, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(parameters, values, async (given, list) => {
        const manifest: TransformManifest = { function: name, parameters: given, fitted: true };
        const expected = list.map((value) => engineForm(applyTransform(manifest, value as FeatureValue), served));
        const found = await transformInSql(manifest, list, stored, served);
        // toEqual tells minus zero from zero, and takes NaN for NaN
        expect(found).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});

function engineForm(value: FeatureValue, served: StoredType): FeatureValue {
  return served === 'int64' && typeof value === 'number' ? BigInt(value) : value;
}

function transformInSql(
  manifest: TransformManifest,
  values: readonly EngineValue[],
  stored: StoredType,
  served: StoredType,
): Promise<readonly EngineValue[]> {
  return engine.session(async (session) => {
    await session.run(`CREATE TEMP TABLE stored (place BIGINT, value ${sqlType(stored)})`);
    await session.append('stored', [{ values: values.map((_, place) => BigInt(place)) }, { values }]);
    const sql = transformSql(manifest, 'value', stored, served);
    const rows = await session.rows(`SELECT ${sql} AS served FROM stored ORDER BY place`);
    return rows.map((row) => row['served']!);
  });
}
