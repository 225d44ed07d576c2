/**
 * Events with an id in states that take rows in later: whatever comes when, and however often, each event counts once, as its
 * greatest row.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAggregateCodec, type AggregateBuilder } from '../../../online/aggregate-state.ts';
import { arbitraryWorld } from '../../world/arbitrary-world.ts';
import { asOnline, isOracleValue, rowsOfKey, valuesOf } from '../../world/online-world.ts';
import { askOracle } from '../../world/oracle.ts';
import type { WorldRow } from '../../world/world.ts';

const RUNS = 100;
const POSITION = { snapshot: 1, to: 0n };

const worlds = fc
  .constantFrom(
    { eventId: 'label' } as const,
    { eventId: 'seen' } as const,
    { eventId: 'seen', operation: 'label' } as const,
  )
  .chain((identity) => arbitraryWorld('aggregate', 12, identity))
  .map(asOnline);

/** By row: in which step it comes, and in which it comes again, if in any. */
const arrivals = fc.array(fc.record({ step: fc.nat({ max: 4 }), again: fc.nat({ max: 12 }), place: fc.nat() }), {
  minLength: 20,
  maxLength: 20,
});
const STEPS = 5;

it('an event with an id counts once, as its greatest row, whatever came when and how often', () => {
  let cases = 0;
  fc.assert(
    fc.property(worlds, arrivals, fc.nat({ max: 12 }), (world, arriving, wait) => {
      const { view, source } = world.planned;
      const codec = createAggregateCodec(view, source);
      const column = source.eventId as 'label' | 'seen';
      const isDelete = ({ values }: WorldRow): boolean =>
        source.operation !== null && ['delete', 'D'].includes(values.label as string);
      const add = (builder: AggregateBuilder, row: WorldRow): void => {
        const values = isDelete(row) ? null : valuesOf(row, codec.layout.columns);
        if (!builder.add(row, values, { id: row.values[column] })) expect.fail('a row was too late');
      };
      const keys = new Map(world.rows.map((row) => [String(row.keys), row.keys]));
      for (const key of keys.values()) {
        const rows = rowsOfKey(world, key);
        if (rows.length === 0 || key.includes(null)) continue;
        const coming = rows.map((row, index) => ({ row, ...arriving[index % arriving.length]! }));
        let bytes: Uint8Array | undefined;
        for (let step = 0; step < STEPS; step += 1) {
          // a row without an id is an event by itself, and would be another one when it came again
          const now = coming
            .filter(
              (one) => one.step === step || (one.again === step && one.step < step && one.row.values[column] !== null),
            )
            .sort((a, b) => a.place - b.place);
          if (now.length === 0) continue;
          const builder = bytes === undefined ? codec.start() : codec.resume(bytes);
          for (const { row } of now) add(builder, row);
          bytes = builder.encode(POSITION);
        }
        const state = codec.decode(bytes!);
        const at = state.dueAt + BigInt(wait);
        const answers = askOracle({ ...world, rows }, { keys: key, at });
        for (const { name } of world.planned.features) {
          const { value, tolerance } = answers[name]!;
          const actual = state.answer(name, at)!;
          if (!isOracleValue(actual, value, tolerance)) {
            expect.fail(`${name}: ${String(actual)} is not ${String(value)}`);
          }
          cases += 1;
        }
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(cases).toBeGreaterThan(20_000);
});
