import { describe, expect, it } from 'vitest';
import type { ScalarType } from '../../../contracts/values.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { createKeyEncoder, LONGEST_LITERAL_KEY } from '../../../online/entity-key.ts';

function encode(types: readonly ScalarType[], key: readonly EngineValue[]): string {
  return Buffer.from(createKeyEncoder(types).encode(key)).toString('latin1');
}

describe('entity keys', () => {
  it.each([
    { types: ['int64', 'int64'], left: [1n, 23n], right: [12n, 3n] },
    { types: ['string', 'string'], left: ['a', 'bc'], right: ['ab', 'c'] },
    { types: ['string', 'string'], left: ['', 'a'], right: ['a', ''] },
    { types: ['string', 'string'], left: ['a\0', 'b'], right: ['a', '\0b'] },
    { types: ['string', 'string'], left: ['a:b', 'c'], right: ['a', 'b:c'] },
    { types: ['string'], left: ['{x}*?'], right: ['{x}'] },
    { types: ['string'], left: ['é'], right: ['e\u0301'] },
    { types: ['int64'], left: [2n ** 53n], right: [2n ** 53n + 1n] },
    { types: ['int64'], left: [-1n], right: [1n] },
    { types: ['float64'], left: [0], right: [5e-324] },
    { types: ['timestamp'], left: [0n], right: [1n] },
    { types: ['boolean', 'string'], left: [true, ''], right: [false, ''] },
  ] as const)('$left and $right differ', ({ types, left, right }) => {
    expect(encode(types, left)).not.toBe(encode(types, right));
  });

  it('are equal for equal numbers', () => {
    expect(encode(['float64'], [-0])).toBe(encode(['float64'], [0]));
    expect(encode(['float64'], [Number.NaN])).toBe(encode(['float64'], [-Number.NaN]));
  });

  it('take one byte beside their text, and few for small integers', () => {
    expect(encode(['string'], ['ORD'])).toBe('=\x03ORD');
    expect(encode(['int64'], [63n])).toHaveLength(2);
  });

  it('above the limit are hashed, and differ from any literal key', () => {
    const long = 'x'.repeat(1_000_000);
    const hashed = encode(['string'], [long]);
    expect(hashed).toHaveLength(33);
    expect(hashed[0]).toBe('#');
    expect(encode(['string'], [`${long}y`])).not.toBe(hashed);
    expect(encode(['string'], ['x'.repeat(LONGEST_LITERAL_KEY - 3)])[0]).toBe('=');
    expect(encode(['string'], [hashed.slice(1)])).not.toBe(hashed);
  });
});
