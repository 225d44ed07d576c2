import { DatabaseError } from 'pg';
import { describe, expect, test } from 'vitest';
import { retried } from '../../../catalog/database.ts';
import { catalogError, isRace, violatesUnique } from '../../../catalog/failures.ts';
import { AsofError } from '../../../contracts/errors.ts';

function databaseError(code: string, constraint?: string): DatabaseError {
  const error = new DatabaseError('something', 1, 'error');
  error.code = code;
  error.constraint = constraint;
  return error;
}

describe('what a database error means', () => {
  test.each([
    ['57P01', 'CATALOG_UNAVAILABLE'],
    ['53300', 'CATALOG_UNAVAILABLE'],
    ['08006', 'CATALOG_UNAVAILABLE'],
    ['55P03', 'CATALOG_UNAVAILABLE'],
    ['40P01', 'CATALOG_UNAVAILABLE'],
    ['28P01', 'COMPONENT_MISSING'],
    ['3D000', 'COMPONENT_MISSING'],
    ['22021', 'INVALID_VALUE'],
    ['42P01', 'INTERNAL'],
    ['23514', 'INTERNAL'],
  ])('SQLSTATE %s is %s', (state, code) => {
    expect(catalogError(databaseError(state)).code).toBe(code);
  });

  test.each([
    ['a refused connection', Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })],
    ['an address with several failures', new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })])],
    ['a connection that breaks', new Error('Connection terminated unexpectedly')],
    ['a pool without a free connection', new Error('timeout exceeded when trying to connect')],
  ])('%s is retryable', (_, error) => {
    const translated = catalogError(error);
    expect(translated.code).toBe('CATALOG_UNAVAILABLE');
    expect(translated.retryable).toBe(true);
    expect(translated.message).not.toMatch(/: $/);
  });

  test('a mistake in the code is not taken for an outage', () => {
    expect(catalogError(new TypeError('x is undefined')).code).toBe('INTERNAL');
  });

  test('an error of our own passes unchanged', () => {
    const error = new AsofError('CONFLICT', { where: 'a', problem: 'b' });
    expect(catalogError(error)).toBe(error);
  });

  test('a unique violation is told by its constraint', () => {
    expect(violatesUnique(databaseError('23505', 'a_key'), 'a_key')).toBe(true);
    expect(violatesUnique(databaseError('23505', 'b_key'), 'a_key')).toBe(false);
    expect(isRace(databaseError('23505', 'a_key'))).toBe(false);
  });
});

describe('retried', () => {
  test('repeats the victim of a deadlock', async () => {
    let calls = 0;
    const result = await retried(async () => {
      calls += 1;
      if (calls < 3) throw databaseError('40P01');
      return calls;
    });
    expect(result).toBe(3);
  });

  test('does not repeat anything else', async () => {
    let calls = 0;
    const work = retried(async () => {
      calls += 1;
      throw databaseError('23505');
    });
    await expect(work).rejects.toMatchObject({ code: '23505' });
    expect(calls).toBe(1);
  });
});
