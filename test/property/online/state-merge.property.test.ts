/**
 * States that take rows in later, in any order and any number of steps, answer as the state of all rows at once does, and
 * as the oracle does.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AggregateFeatureManifest, FeatureManifest } from '../../../contracts/manifest.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { createAggregateCodec, type AggregateBuilder, type AggregateCodec } from '../../../online/aggregate-state.ts';
import { arbitraryWorld } from '../../world/arbitrary-world.ts';
import { isSameValue } from '../../world/matches-answer.ts';
import { asOnline, isOracleValue, rowsOfKey, valuesOf } from '../../world/online-world.ts';
import { askOracle } from '../../world/oracle.ts';
import type { World, WorldRow } from '../../world/world.ts';

const RUNS = 120;
const KEYS = 12;
const POSITION = { snapshot: 7, to: 1n };

/** How the rows of each key come: shuffled, cut into steps, the first of them in row order as a materialization has them. */
interface Arrival {
  /** By row of the key, repeated as needed. */
  readonly places: readonly number[];
  readonly steps: readonly number[];
}

const arrival: fc.Arbitrary<Arrival> = fc.record({
  places: fc.array(fc.nat({ max: 1000 }), { minLength: 23, maxLength: 23 }),
  steps: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 5 }),
});

const worlds = fc
  .constantFrom(null, 'label' as const)
  .chain((operation) => arbitraryWorld('aggregate', KEYS, { operation }));

describe('a state that takes rows in later', () => {
  it('answers as one of all rows at once, and as the oracle, whatever came when', () => {
    let cases = 0;
    fc.assert(
      fc.property(
        worlds.map(asOnline),
        fc.constantFrom(1, 2, 4, 10_000),
        arrival,
        fc.nat({ max: 12 }),
        (given, maxEvents, arriving, wait) => {
          const world = withMostEvents(given, maxEvents);
          const codec = codecOf(world);
          for (const [keys, rows] of keysOf(world)) {
            const whole = codec.decode(encode(codec.start(), codec, world, rows));
            const merged = codec.decode(arrive(codec, world, rows, arriving));
            expect(merged).toMatchObject({ position: POSITION, newestEvent: whole.newestEvent, dueAt: whole.dueAt });
            const at = whole.dueAt + BigInt(wait);
            const answers = askOracle({ ...world, rows }, { keys, at });
            for (const { name } of world.planned.features) {
              const [value, expected] = [merged.answer(name, at), whole.answer(name, at)];
              const { value: wanted, tolerance } = answers[name]!;
              const isSame =
                value === undefined || expected === undefined
                  ? value === expected
                  : isSameValue(value, expected, tolerance) && isOracleValue(value, wanted, tolerance);
              // an expectation for each of the many values would take most of the time
              if (!isSame) expect.fail(`${name}: ${String(value)} is not ${String(expected)} or ${String(wanted)}`);
              cases += 1;
            }
          }
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(cases).toBeGreaterThan(20_000);
  });

  it('has the bytes of one of all rows at once, but for rounding and events whose order says nothing', () => {
    fc.assert(
      fc.property(worlds.map(asOnline), fc.constantFrom(1, 2, 4, 10_000), arrival, (given, maxEvents, arriving) => {
        const world = withFeatures(withMostEvents(given, maxEvents), hasOneForm);
        const codec = codecOf(world);
        for (const [, rows] of keysOf(world)) {
          const whole = encode(codec.start(), codec, world, rows);
          expect(Buffer.compare(arrive(codec, world, rows, arriving), whole)).toBe(0);
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});

function codecOf({ planned }: World): AggregateCodec {
  return createAggregateCodec({ ...planned.view, features: planned.features }, planned.source);
}

function keysOf(world: World): readonly (readonly [readonly EngineValue[], readonly WorldRow[]])[] {
  const keys = new Map(world.rows.map((row) => [JSON.stringify(row.keys.map(String)), row.keys]));
  return [...keys.values()].flatMap((key) => {
    const rows = rowsOfKey(world, key);
    return rows.length === 0 ? [] : [[key, rows] as const];
  });
}

function encode(
  builder: AggregateBuilder,
  { layout }: AggregateCodec,
  { planned }: World,
  rows: readonly WorldRow[],
): Uint8Array {
  const isDelete = ({ values }: WorldRow): boolean =>
    planned.source.operation !== null && ['delete', 'D'].includes(values.label as string);
  for (const row of rows) builder.add(row, isDelete(row) ? null : valuesOf(row, layout.columns));
  return builder.encode(POSITION);
}

/** Each step goes on from the bytes of the step before. */
function arrive(
  codec: AggregateCodec,
  world: World,
  rows: readonly WorldRow[],
  { places, steps }: Arrival,
): Uint8Array {
  const shuffled = rows
    .map((row, index) => ({ row, place: places[index % places.length]! }))
    .sort((a, b) => a.place - b.place)
    .map(({ row }) => row);
  const first = new Set(shuffled.slice(0, Math.max(1, steps[0]!)));
  let bytes = encode(
    codec.start(),
    codec,
    world,
    rows.filter((row) => first.has(row)),
  );
  let from = first.size;
  for (let turn = 1; from < shuffled.length; turn += 1) {
    const size = turn < steps.length ? steps[turn]! : shuffled.length;
    bytes = encode(codec.resume(bytes), codec, world, shuffled.slice(from, from + size));
    from += size;
  }
  return bytes;
}

function withMostEvents(world: World, maxEvents: number): World {
  const { planned } = world;
  return {
    ...world,
    planned: { ...planned, features: planned.features.map((feature) => ({ ...feature, maxEvents })) },
  };
}

function withFeatures(world: World, isWanted: (feature: AggregateFeatureManifest) => boolean): World {
  const wanted = (feature: FeatureManifest): boolean => feature.kind === 'aggregate' && isWanted(feature);
  return { ...world, planned: { ...world.planned, features: world.planned.features.filter(wanted) } };
}

/** Sums of floats round by the order of their rows, and exact windows keep events of one instant as they came. */
function hasOneForm({ function: name, column, window }: AggregateFeatureManifest): boolean {
  if (window.kind === 'last') return true;
  const isExact = window.kind === 'duration' && window.resolutionMicros === null;
  if (isExact) return ['count', 'first', 'last'].includes(name);
  const rounds = name === 'stddev' || name === 'variance' || (column === 'price' && ['sum', 'mean'].includes(name));
  return !rounds;
}
