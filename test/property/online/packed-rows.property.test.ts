/** States and keys that are packed from the columns of a batch are, byte for byte, those that are encoded from values. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowOrder } from '../../../aggregates/row-order.ts';
import type { ScalarType } from '../../../contracts/values.ts';
import type { BatchColumn, EngineValue } from '../../../engine/engine.ts';
import { createAsofCodec } from '../../../online/asof-state.ts';
import { halvesOf } from '../../../online/cell-packer.ts';
import { createKeyEncoder, packKeys } from '../../../online/entity-key.ts';
import { columnFeature, planView, VALUE_COLUMNS, type ValueColumn } from '../../world/world.ts';

const RUNS = 300;
const COLUMNS = Object.keys(VALUE_COLUMNS) as readonly ValueColumn[];
const LEAST = -(2n ** 63n);

/** Many at the edges of the forms: 32 and 53 bits, and the ends. */
const int64 = fc.oneof(
  fc.bigInt({ min: LEAST, max: -LEAST - 1n }),
  fc.bigInt({ min: -200n, max: 200n }),
  fc
    .tuple(fc.constantFrom(0n, 2n ** 31n, 2n ** 32n, 2n ** 52n, 2n ** 53n), fc.bigInt({ min: -2n, max: 2n }))
    .chain(([edge, by]) => fc.constantFrom(edge + by, -edge + by)),
  fc.constantFrom(LEAST, -LEAST - 1n),
);

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ minLength: 190, maxLength: 210 }));

const VALUES: Readonly<Record<ValueColumn, fc.Arbitrary<EngineValue>>> = {
  amount: int64,
  price: fc.double(),
  label: text,
  flag: fc.boolean(),
  seen: int64,
  vector: fc.tuple(fc.float(), fc.float()),
};

interface Row {
  readonly order: RowOrder;
  readonly deleted: boolean;
  readonly keys: readonly EngineValue[];
  readonly values: readonly EngineValue[];
}

const KEY_TYPES: readonly ScalarType[] = ['string', 'int64', 'float64', 'boolean', 'timestamp'];

const rows: fc.Arbitrary<readonly Row[]> = fc.array(
  fc.record({
    order: fc.record({
      event: int64,
      created: fc.option(int64),
      sequence: int64.map((value) => (value < 0n ? -(value + 1n) : value)),
    }),
    deleted: fc.boolean(),
    keys: fc.tuple(text, int64, fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN)), fc.boolean(), int64),
    values: fc.tuple(...COLUMNS.map((name) => fc.option(VALUES[name], { freq: 8 }))),
  }),
  { minLength: 1, maxLength: 6 },
);

/** As the engine gives it. */
function columnOf(values: readonly EngineValue[]): BatchColumn {
  const known = values.find((value) => value !== null);
  const valid = values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 0 : 1)) : undefined;
  if (typeof known === 'bigint') {
    return { name: '', valid, values: BigInt64Array.from(values, (value) => (value as bigint | null) ?? 0n) };
  }
  if (typeof known === 'number') {
    return { name: '', valid, values: Float64Array.from(values, (value) => (value as number | null) ?? 0) };
  }
  return { name: '', valid, values };
}

function bigints(values: readonly bigint[]): Int32Array {
  return halvesOf(BigInt64Array.from(values));
}

describe('rows that are packed', () => {
  it('have the bytes of rows that are encoded', () => {
    const features = COLUMNS.map((column) => columnFeature(column, null));
    const { view, source } = planView({ mode: 'asof', ttlMicros: null, delayMicros: 0, hasCreated: true, features });
    const codec = createAsofCodec(view, source);
    expect(codec.columns.map(({ name }) => name)).toEqual(COLUMNS);
    fc.assert(
      fc.property(rows, (given) => {
        const packed = codec.pack({
          order: {
            event: bigints(given.map(({ order }) => order.event)),
            created: bigints(given.map(({ order }) => order.created ?? 0n)),
            hasCreated: columnOf(given.map(({ order }) => order.created)).valid,
            sequence: bigints(given.map(({ order }) => order.sequence)),
          },
          isDeleted: (row) => given[row]!.deleted,
          columns: COLUMNS.map((_, index) => columnOf(given.map(({ values }) => values[index]!))),
        });
        given.forEach(({ order, deleted, values }, row) => {
          expect(Buffer.from(packed(row))).toEqual(
            Buffer.from(codec.encode({ order, values: deleted ? null : values })),
          );
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('have the keys that are encoded', () => {
    const encoder = createKeyEncoder(KEY_TYPES);
    fc.assert(
      fc.property(rows, (given) => {
        const packed = packKeys(
          KEY_TYPES,
          KEY_TYPES.map((_, index) => columnOf(given.map(({ keys }) => keys[index]!))),
        );
        given.forEach(({ keys }, row) => {
          expect(Buffer.from(packed(row))).toEqual(Buffer.from(encoder.encode(keys)));
        });
      }),
      { numRuns: RUNS },
    );
  });
});
