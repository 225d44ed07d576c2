import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ColumnBatch, EngineValue } from '../../../engine/engine.ts';
import { RangeBatches } from '../../../offline/range-batches.ts';

interface Row {
  readonly key: number;
  readonly id: number;
  /** In columns that are null where they say so. */
  readonly value: number | null;
}

/** Requests of each key; then rows by batch, in which nulls come or do not. */
const arbitraryStream = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }).chain((requests) =>
  fc.record({
    requests: fc.constant(requests),
    batches: fc.array(
      fc.record({
        keys: fc.array(fc.nat({ max: requests.length - 1 }), { maxLength: 30 }),
        nulls: fc.boolean(),
      }),
      { maxLength: 8 },
    ),
    limits: fc.record({ requests: fc.integer({ min: 1, max: 40 }), rows: fc.integer({ min: 1, max: 20 }) }),
  }),
);

describe('rows gathered by ranges of keys', () => {
  it('are all handed on, those of a key in their order and with their values', () => {
    fc.assert(
      fc.property(arbitraryStream, ({ requests, batches, limits }) => {
        let id = 0;
        const given = batches.map(({ keys, nulls }) =>
          keys.map((key): Row => ({ key, id: id++, value: nulls && id % 3 === 0 ? null : id / 7 })),
        );
        const taken: Row[] = [];
        const gathered = new RangeBatches(beginsOf(requests), (batch) => taken.push(...rowsOf(batch)), limits);
        for (const rows of given) gathered.take(batchOf(rows));
        gathered.finish();
        for (let key = 0; key < requests.length; key++) {
          const of = (rows: readonly Row[]): readonly Row[] => rows.filter((row) => row.key === key);
          expect(of(taken)).toEqual(of(given.flat()));
        }
        expect(taken).toHaveLength(id);
      }),
    );
  });

  it('come by range, as many as were wished for', () => {
    const batches: ColumnBatch[] = [];
    const gathered = new RangeBatches(beginsOf([2, 2, 2, 2]), (batch) => batches.push(batch), { requests: 4, rows: 3 });
    [0, 2, 1, 3, 0, 2].forEach((key, id) => gathered.take(batchOf([{ key, id, value: null }])));
    expect(batches.map((batch) => Array.from(batch.columns[0]!.values))).toEqual([
      [0, 1, 0],
      [2, 3, 2],
    ]);
  });

  it('are refused in batches larger than the engine gives, of which some would be lost', () => {
    const gathered = new RangeBatches(beginsOf([1, 1]), () => undefined, { requests: 1, rows: 1 });
    const rows = Array.from({ length: 2049 }, (_, id): Row => ({ key: 0, id, value: null }));
    expect(() => gathered.take(batchOf(rows))).toThrow('a batch of 2049 rows');
  });

  it('pass as they are where requests are few', () => {
    const batches: ColumnBatch[] = [];
    const gathered = new RangeBatches(beginsOf([1, 1]), (batch) => batches.push(batch));
    const batch = batchOf([{ key: 1, id: 0, value: 0 }]);
    gathered.take(batch);
    gathered.finish();
    expect(batches).toHaveLength(1);
    expect(batches[0]).toBe(batch);
  });
});

function beginsOf(requests: readonly number[]): Int32Array {
  let total = 0;
  return Int32Array.from([0, ...requests.map((count) => (total += count))]);
}

/** Each kind of column that the engine gives. */
function batchOf(rows: readonly Row[]): ColumnBatch {
  const hasNulls = rows.some(({ value }) => value === null);
  const valid = hasNulls ? Uint8Array.from(rows, ({ value }) => (value === null ? 0 : 1)) : undefined;
  return {
    rows: rows.length,
    columns: [
      { name: 'key', values: Int32Array.from(rows, ({ key }) => key), valid: undefined },
      { name: 'id', values: BigInt64Array.from(rows, ({ id }) => BigInt(id)), valid: undefined },
      { name: 'number', values: Float64Array.from(rows, ({ value }) => value ?? 0), valid },
      { name: 'text', values: rows.map(({ value }) => (value === null ? null : String(value))), valid },
    ],
  };
}

function rowsOf({ rows, columns }: ColumnBatch): readonly Row[] {
  const at = (column: number, row: number): EngineValue =>
    columns[column]!.valid?.[row] === 0 ? null : columns[column]!.values[row]!;
  expect(columns.map(({ name }) => name)).toEqual(['key', 'id', 'number', 'text']);
  return Array.from({ length: rows }, (_, row) => {
    const value = at(2, row) as number | null;
    expect(at(3, row)).toBe(value === null ? null : String(value));
    return { key: Number(at(0, row)), id: Number(at(1, row)), value };
  });
}
