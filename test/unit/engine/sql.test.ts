import { expect, test } from 'vitest';
import { identifierList, literalTextList, literalValue, quoteIdentifier, sqlType } from '../../../engine/sql.ts';

test('identifiers and texts keep their quotes as data', () => {
  expect(quoteIdentifier('a"b')).toBe('"a""b"');
  expect(identifierList(['a', 'B c'], 't.')).toBe('t."a", t."B c"');
  expect(literalTextList(["o'brien", 'a\\b'])).toBe(`['o''brien', 'a\\b']`);
});

test.each([
  ['string', 'VARCHAR'],
  ['int64', 'BIGINT'],
  ['float64', 'DOUBLE'],
  ['boolean', 'BOOLEAN'],
  ['timestamp', 'TIMESTAMP'],
  ['float32[3]', 'FLOAT[3]'],
  ['timestamp[]', 'TIMESTAMP[]'],
] as const)('%s is stored as %s', (type, sql) => expect(sqlType(type)).toBe(sql));

test.each([
  [null, 'int64', 'NULL::BIGINT'],
  ["it's", 'string', "'it''s'::VARCHAR"],
  [-5n, 'int64', "'-5'::BIGINT"],
  [7n, 'timestamp', "make_timestamp('7'::BIGINT)"],
  [Number.NaN, 'float64', "'NaN'::DOUBLE"],
  [Number.NEGATIVE_INFINITY, 'float64', "'-Infinity'::DOUBLE"],
  [-0, 'float64', "'-0'::DOUBLE"],
  [true, 'boolean', 'true::BOOLEAN'],
  [[1n, null], 'int64[]', "['1'::BIGINT, NULL::BIGINT]::BIGINT[]"],
  [[0.5, 1], 'float32[2]', "['0.5'::DOUBLE, '1'::DOUBLE]::FLOAT[2]"],
] as const)('%s as %s is %s', (value, type, sql) => expect(literalValue(value, type)).toBe(sql));
