import { describe, expect, it } from 'vitest';
import type { FeaturePlan } from '../../../contracts/plan.ts';
import { Timestamp } from '../../../contracts/timestamp.ts';
import type { ScalarType } from '../../../contracts/values.ts';
import { checkRequest, MOST_ENTITIES } from '../../../online/read-request.ts';

const key = (column: string, type: ScalarType) => ({ column, type, entity: 'thing', key: column });

const plan: FeaturePlan = {
  views: [],
  derived: [],
  requestColumns: [
    { name: 'asked', type: 'timestamp', from: 'asked' },
    { name: 'tags', type: 'string[]', from: 'tags' },
  ],
  keyColumns: [key('code', 'int64'), key('name', 'string')],
  columns: [],
};
const request = { asked: ['2024-01-01T00:00:00Z'], tags: [['a', null]] };

describe('a read request', () => {
  it('is read by the declared types', () => {
    const checked = checkRequest(plan, { code: ['9007199254740993'], name: ['007'] }, request);
    expect(checked.entities).toBe(1);
    expect(checked.keys.get('code')).toEqual([9_007_199_254_740_993n]);
    expect(checked.keys.get('name')).toEqual(['007']);
    expect(checked.request.get('asked')).toEqual([new Timestamp(1_704_067_200_000_000n)]);
    expect(checked.request.get('tags')).toEqual([['a', null]]);
  });

  it.each([1, 1n, '1', '+1'])('takes the int64 %s', (value) => {
    expect(checkRequest(plan, { code: [value], name: [null] }, request).keys.get('code')).toEqual([1n]);
  });

  const one = { code: [1], name: ['a'] };
  it.each([
    ['UNKNOWN_NAME', { ...one, airport: [1] }, request, 'no column named airport; known: code, name'],
    ['UNKNOWN_NAME', { ...one, __proto__x: [1] }, request, '__proto__x'],
    ['UNKNOWN_NAME', one, { ...request, more: [1] }, 'request: there is no column named more'],
    ['INVALID_VALUE', { code: [1] }, request, 'entities: "name" is missing'],
    ['INVALID_VALUE', { ...one, name: ['a', 'b'] }, request, 'entities.name: has 2 values, but the first column has 1'],
    ['INVALID_VALUE', { ...one, name: 'a' as never }, request, 'entities.name: must be a list'],
    ['KEY_TYPE_MISMATCH', { ...one, name: [7] }, request, 'entities.name[0]: key "name" is a number'],
    ['KEY_TYPE_MISMATCH', { ...one, code: [{}] }, request, 'entities.code[0]: key "code" is an object'],
    ['INVALID_VALUE', { ...one, code: [1.5] }, request, 'entities.code[0]: 1.5 is not a valid int64'],
    ['INVALID_VALUE', { ...one, code: ['9223372036854775808'] }, request, 'is not a valid int64'],
    ['INVALID_VALUE', { ...one, code: [2 ** 60] }, request, 'is not a valid int64'],
    ['INVALID_VALUE', { ...one, name: ['\ud800'] }, request, 'not well-formed'],
    [
      'INVALID_VALUE',
      one,
      { ...request, asked: ['tomorrow'] },
      'request.asked[0]: "tomorrow" is not a valid timestamp',
    ],
    ['INVALID_VALUE', one, { ...request, tags: ['a'] }, 'request.tags[0]: "a" is not a valid string[]'],
  ])('is refused with %s for %j %j', (code, entities, given, message) => {
    const check = () => checkRequest(plan, entities, given);
    expect(check).toThrow(expect.objectContaining({ code }));
    expect(check).toThrow(message);
  });

  it('is refused above the limits, which the message names', () => {
    const many = Array.from({ length: 100_000 }, () => 1);
    expect(() => checkRequest(plan, { code: many, name: many }, request)).toThrow(`at most ${MOST_ENTITIES}`);
    const wide = { ...plan, columns: Array.from({ length: 500 }) as FeaturePlan['columns'] };
    const entities = { code: many.slice(0, 1000), name: many.slice(0, 1000) };
    expect(() => checkRequest(wide, entities, request)).toThrow('500000 values; at most 250000');
  });
});
