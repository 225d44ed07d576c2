/** The quick way to read JSON against the one that goes token by token. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseByToken, parseLossless } from '../../../api/lossless-body.ts';

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt(-(2n ** 70n), 2n ** 70n).map(String),
  fc.constantFrom('0', '-0', '1e2', '1.0', '1e400', '9007199254740993', '0.1000000000000000055', '01', '1.'),
);
const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('a', 'b', '1', '0', '__proto__', 'constructor'),
);
const scalar = fc.oneof(
  number,
  name.map((text) => JSON.stringify(text)),
  fc.constantFrom('null', 'true', 'false', '"\\u005f_proto__"', '"\\ud800"', '"\\/"', 'nul', ''),
);

const space = fc.constantFrom('', ' ', '\n  ');

const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.tuple(fc.array(tie('json'), { maxLength: 3 }), space).map(([items, space]) => `[${items.join(`,${space}`)}]`),
    fc
      .tuple(fc.array(fc.tuple(name, tie('json')), { maxLength: 3 }), space)
      .map(
        ([entries, space]) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${space}${value}`).join(',')}}`,
      ),
  ),
}));

it('a body is read, or refused, as token by token', () => {
  fc.assert(
    fc.property(json, (text) => {
      expect(outcomeOf(() => parseLossless(text))).toEqual(outcomeOf(() => parseByToken(text)));
    }),
    { numRuns: 3000 },
  );
});

function outcomeOf(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch {
    return 'refused';
  }
}
