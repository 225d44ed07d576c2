/** Encoded states answer as the oracle does, for every instant from which on they may answer. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Micros } from '../../../contracts/time.ts';
import { Timestamp } from '../../../contracts/timestamp.ts';
import type { FeatureValue } from '../../../contracts/values.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { aggregateDueAt, createAggregateCodec } from '../../../online/aggregate-state.ts';
import { asofDueAt, createAsofCodec } from '../../../online/asof-state.ts';
import { cellAt } from '../../../online/entity-answer.ts';
import { viewReader } from '../../../online/view-reader.ts';
import { arbitraryWorld } from '../../world/arbitrary-world.ts';
import { asOnline, isOracleValue, rowsOfKey, valuesOf } from '../../world/online-world.ts';
import { askOracle } from '../../world/oracle.ts';
import type { World, WorldRow } from '../../world/world.ts';

const RUNS = 150;
const KEYS = 12;

describe.each(['asof', 'aggregate'] as const)('states of %s views', (mode) => {
  it('answer as the oracle does over the rows that were due', () => {
    let answered = 0;
    fc.assert(
      fc.property(arbitraryWorld(mode, KEYS).map(asOnline), fc.nat({ max: 40 }), (world, lead) => {
        const { planned } = world;
        for (const request of world.requests) {
          const to = request.at + BigInt(lead) - 20n;
          const held = rowsOfKey(world, request.keys).filter((row) => dueAt(planned, row) <= to);
          if (held.length === 0) continue;
          const state = encodeState(planned, held, to);
          const answer = viewReader(planned).answer(state, planned.features, request.at);
          const latest = held.map((row) => dueAt(planned, row)).reduce((a, b) => (a > b ? a : b));
          const isEarly = mode === 'asof' ? dueAt(planned, held.at(-1)!) > request.at : latest > request.at;
          expect(answer === undefined).toBe(isEarly);
          if (answer === undefined) continue;
          answered += 1;
          const answers = askOracle({ ...world, rows: held }, request);
          planned.features.forEach((feature, index) => {
            const { value, status, tolerance } = answers[feature.name]!;
            const cell = cellAt(answer, index);
            expect(cell.status, feature.name).toBe(status);
            expect(
              isOracleValue(toEngineValue(cell.value), value, tolerance),
              `${feature.name}: ${String(cell.value)} is not ${String(value)}`,
            ).toBe(true);
          });
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(answered).toBeGreaterThan(RUNS);
  });
});

function dueAt(planned: World['planned'], row: WorldRow): Micros {
  return planned.view.mode === 'asof' ? asofDueAt(planned.view, row) : aggregateDueAt(planned.view, row);
}

/** @param rows in row order */
function encodeState({ view, source }: World['planned'], rows: readonly WorldRow[], to: Micros): Uint8Array {
  if (view.mode === 'asof') {
    const codec = createAsofCodec(view, source);
    const row = rows.at(-1)!;
    const columns = codec.columns.map(({ name }) => name);
    return codec.encode({ order: row, values: valuesOf(row, columns) });
  }
  const codec = createAggregateCodec(view, source);
  const builder = codec.start();
  for (const row of rows) builder.add(row, valuesOf(row, codec.layout.columns));
  return builder.encode({ snapshot: 1, to });
}

function toEngineValue(value: FeatureValue): EngineValue {
  if (value instanceof Timestamp) return value.epochMicroseconds;
  return Array.isArray(value) ? value.map(toEngineValue) : (value as EngineValue);
}
