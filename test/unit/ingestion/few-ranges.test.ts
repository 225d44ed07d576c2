import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fewRanges } from '../../../ingestion/expire-rows.ts';

test('ranges cover all that they are made of, are few, and are as they were while few enough', () => {
  const sequence = fc.integer({ min: 0, max: 200 });
  fc.assert(
    fc.property(fc.uniqueArray(sequence, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (sequences, most) => {
      const single = sequences.map((at) => ({ start: BigInt(at), end: BigInt(at + 1) }));
      const few = fewRanges(single, most);
      const exact = fewRanges(single, 1000);
      expect(few.length).toBeLessThanOrEqual(most);
      for (const at of sequences.map(BigInt)) expect(few.some(({ start, end }) => start <= at && at < end)).toBe(true);
      expect(exact.reduce((sum, { start, end }) => sum + Number(end - start), 0)).toBe(sequences.length);
      if (exact.length <= most) expect(few).toEqual(exact);
    }),
  );
});
