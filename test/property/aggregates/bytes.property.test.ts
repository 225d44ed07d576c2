/** What a reader reads is what a writer wrote. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../../aggregates/bytes.ts';

it('an integer of any size comes back', () => {
  // around every power of two, where the form changes by a byte or by its way of reading
  const edge = fc
    .record({ power: fc.bigInt({ min: 0n, max: 70n }), off: fc.bigInt({ min: -2n, max: 2n }), negative: fc.boolean() })
    .map(({ power, off, negative }) => (negative ? -1n : 1n) * (2n ** power + off));
  fc.assert(
    fc.property(fc.array(fc.oneof(edge, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))), (values) => {
      const writer = new ByteWriter();
      for (const value of values) writer.integer(value);
      const reader = new ByteReader(writer.finish());
      expect(values.map(() => reader.integer())).toEqual(values);
      expect(() => reader.integer()).toThrow(RangeError);
    }),
    { numRuns: 500 },
  );
});
