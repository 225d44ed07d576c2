import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TransformManifest } from '../../../contracts/manifest.ts';
import type { FeatureValue, StoredType } from '../../../contracts/values.ts';
import { applyTransform } from '../../../definitions/transforms.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine, EngineValue } from '../../../engine/engine.ts';
import { literalValue } from '../../../engine/sql.ts';
import { transformSql } from '../../../offline/transform-sql.ts';

let engine: Engine;
beforeAll(async () => {
  const tempDirectory = join(tmpdir(), 'asof-transform-sql');
  engine = await openEngine({ memoryLimit: '256MB', threads: 1, tempDirectory, allowedDirectories: [] });
});
afterAll(() => engine.close());

function transform(name: string, parameters: TransformManifest['parameters']): TransformManifest {
  return { function: name, parameters, fitted: true };
}

const mapping = { a: 0, "o'clock": 1, '': 2, '7': 3 };
const numbers: readonly EngineValue[] = [null, 0, 1 / 3, -5.25, 1e300, Number.POSITIVE_INFINITY];

test.each<[TransformManifest, StoredType, StoredType, readonly EngineValue[]]>([
  [transform('normalize', { min: -1, max: 2.7 }), 'float64', 'float64', numbers],
  [transform('normalize', { min: 3, max: 3 }), 'float64', 'float64', numbers],
  [transform('standardize', { mean: 0.1, std: 0.7 }), 'float64', 'float64', numbers],
  [transform('standardize', { mean: 1, std: 3 }), 'int64', 'float64', [null, 2n ** 60n + 1n, -7n]],
  [transform('categoricalEncode', { mapping }), 'string', 'int64', [null, 'a', "o'clock", '', 'b', 'A']],
  [transform('categoricalEncode', { mapping }), 'int64', 'int64', [null, 7n, 8n]],
  [transform('categoricalEncode', { mapping: {} }), 'string', 'int64', [null, 'a']],
  [transform('aggregate', { function: 'sum' }), 'int64[]', 'int64', [null, [], [null], [1n, null, 2n ** 60n]]],
  [transform('aggregate', { function: 'sum' }), 'float64[]', 'float64', [null, [], [0.1, 0.2, null, 0.3]]],
  [transform('aggregate', { function: 'mean' }), 'int64[]', 'float64', [null, [], [null], [1n, null, 2n]]],
  [transform('aggregate', { function: 'mean' }), 'float32[2]', 'float64', [null, [0.5, 0.25]]],
  [transform('aggregate', { function: 'count' }), 'string[]', 'int64', [null, [], [null], ['x', null]]],
  [transform('aggregate', { function: 'count' }), 'int64', 'int64', [null, 3n]],
])('%o of %s is what applyTransform gives', async (manifest, stored, served, values) => {
  for (const value of values) {
    const sql = transformSql(manifest, 'value', stored, served);
    const [row] = await engine.session((session) =>
      session.rows(`SELECT ${sql} AS served FROM (SELECT ${literalValue(value, stored)} AS value)`),
    );
    const expected = applyTransform(manifest, value as FeatureValue);
    expect(row!['served']).toEqual(served === 'int64' && expected !== null ? BigInt(expected as number) : expected);
  }
});

test.each([
  [{ ...transform('normalize', {}), fitted: false }, /not fitted yet/],
  [transform('sqrt', {}), /no such function/],
  [transform('aggregate', { function: 'median' }), /"median"/],
])('%o is refused', (manifest, message) => {
  expect(() => transformSql(manifest, 'value', 'float64[]', 'float64')).toThrow(message);
});
