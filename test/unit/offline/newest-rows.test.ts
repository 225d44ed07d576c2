import { describe, expect, test } from 'vitest';
import type { ColumnBatch } from '../../../engine/engine.ts';
import { NewestRows } from '../../../offline/asof/newest-rows.ts';
import { entriesSql, slotsSql } from '../../../offline/asof/newest-rows-sql.ts';
import { RequestSlotsBuilder } from '../../../offline/request-slots.ts';

const squeeze = (sql: string): string => sql.replaceAll(/\s+/g, ' ');

describe('statements', () => {
  const input = {
    events: 'SELECT * FROM rows',
    keys: ['a', 'b"c'],
    askedTable: 'asked',
    askedKeys: ['x', 'y'],
    delayMicros: 0,
    hasCreated: true,
    asKnown: false,
  };

  test('rows are those of the requested tuples of keys', () => {
    expect(squeeze(entriesSql({ ...input, hasCreated: false }))).toBe(
      'SELECT k.__key, epoch_us(e.__event) AS __event, e.__seq FROM (SELECT * FROM rows) e JOIN "asked" k ON e."a" = k."x" AND e."b""c" = k."y"',
    );
    expect(squeeze(slotsSql('asked', 'SELECT 1', ['a']))).toContain(
      'JOIN "asked" k USING ("a") ORDER BY k.__key, r.__at',
    );
  });

  test('a row enters when it is due, as known when it is both due and created', () => {
    expect(entriesSql({ ...input, delayMicros: 60 })).toContain(`, epoch_us(e.__event) + '60'::BIGINT AS __entry`);
    const known = entriesSql({ ...input, delayMicros: 60, asKnown: true });
    expect(known).toContain(`greatest(epoch_us(e.__event) + '60'::BIGINT, epoch_us(e.__created)) AS __entry`);
    expect(known).toContain('WHERE e.__created IS NOT NULL');
  });
});

describe('the newest row', () => {
  test('is found whatever the order of the rows and the distance between them', () => {
    // one key asked at 1, 3, 5 … 1999, rows at even times in a scattered order; and a key without rows
    const at = Array.from({ length: 1000 }, (_, index) => BigInt(2 * index + 1));
    const found = newest([...at.map((time) => ({ key: 0, time })), { key: 1, time: 5n }], scattered(1000));
    expect(found.slice(0, -1)).toEqual(at.map((time) => time - 1n));
    expect(found.at(-1)).toBeNull();
  });

  test('is exact where doubles are not', () => {
    const base = 2n ** 62n;
    const times = [base + 1n, base + 3n];
    const requests = [{ key: 0, time: 4n }, ...times.map((time) => ({ key: 0, time }))];
    // two rows come at a time: doubles are not exact from the first time on, or from the second
    expect(newest(requests, [base, base + 2n, 2n])).toEqual([2n, base, base + 2n]);
    expect(newest(requests, [2n, 1n, base + 2n, base])).toEqual([2n, base, base + 2n]);
  });

  function scattered(count: number): readonly bigint[] {
    return Array.from({ length: count }, (_, index) => BigInt(2 * ((index * 337) % count)));
  }

  /** By request the event of its row, null for none. All rows are of key 0. */
  function newest(
    requests: readonly { readonly key: number; readonly time: bigint }[],
    events: readonly bigint[],
  ): readonly (bigint | null)[] {
    const slots = new RequestSlotsBuilder();
    slots.take(
      batch({
        __key: Int32Array.from(requests, ({ key }) => key),
        __at_micros: BigInt64Array.from(requests, ({ time }) => time),
        __row: BigInt64Array.from(requests, (_, row) => BigInt(row)),
      }),
    );
    const rows = new NewestRows(slots.finish(), false);
    for (let start = 0; start < events.length; start += 2) {
      const part = events.slice(start, start + 2);
      rows.take(
        batch({
          __key: new Int32Array(part.length),
          __event: BigInt64Array.from(part),
          __seq: BigInt64Array.from(part),
        }),
      );
    }
    const [, , event] = rows.finish();
    return Array.from(event!.values as BigInt64Array, (value, row) => (event!.valid![row] === 0 ? null : value));
  }

  function batch(columns: Readonly<Record<string, Int32Array | BigInt64Array>>): ColumnBatch {
    const list = Object.entries(columns).map(([name, values]) => ({ name, values, valid: undefined }));
    return { rows: list[0]!.values.length, columns: list };
  }
});
