/** The text of an instant against `Date`, and back. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatInstant, parseInstant, type Micros } from '../../../contracts/time.ts';

const FIRST = -62_167_219_200_000_000n;
const LAST = 253_402_300_799_999_999n;
const DAY = 86_400_000_000n;

const instant = fc.oneof(
  fc.bigInt(FIRST, LAST),
  fc.bigInt(1_600_000_000_000_000n, 1_900_000_000_000_000n),
  // beside the starts of days, and where doubles end
  fc.tuple(fc.bigInt(FIRST / DAY + 1n, LAST / DAY), fc.bigInt(-2n, 2n)).map(([day, micros]) => day * DAY + micros),
  fc.tuple(fc.constantFrom(-(2n ** 53n), 2n ** 53n), fc.bigInt(-3n, 3n)).map(([bound, micros]) => bound + micros),
);

function plainText(micros: Micros): string {
  const rest = ((micros % 1000n) + 1000n) % 1000n;
  const millis = Number((micros - rest) / 1000n);
  return new Date(millis).toISOString().replace('Z', `${rest.toString().padStart(3, '0')}Z`);
}

it('an instant is written as `Date` writes it, with three digits more, and read again', () => {
  fc.assert(
    fc.property(instant, (micros) => {
      const text = formatInstant(micros);
      expect(text).toBe(plainText(micros));
      expect(parseInstant(text)).toBe(micros);
    }),
    { numRuns: 5000 },
  );
});
