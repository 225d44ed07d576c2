import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Aggregate } from '../../../aggregates/aggregate.ts';
import { ByteReader } from '../../../aggregates/bytes.ts';
import { createAggregate } from '../../../aggregates/create-aggregate.ts';
import { compareRowOrder, type RowOrder } from '../../../aggregates/row-order.ts';
import type { AggregateFeatureManifest } from '../../../contracts/manifest.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { aggregateFeatures } from '../../world/features.ts';
import { isSameValue } from '../../world/matches-answer.ts';
import { aggregateValue } from '../../world/oracle-aggregate.ts';
import { arbitraryValues } from '../../world/arbitrary-values.ts';
import { VALUE_COLUMNS, type ValueColumn } from '../../world/world.ts';

interface Row {
  readonly order: RowOrder;
  readonly value: EngineValue;
  /** Which of three states takes the row in. */
  readonly part: number;
}

interface Case {
  readonly feature: AggregateFeatureManifest;
  readonly rows: readonly Row[];
}

const cases: fc.Arbitrary<Case> = aggregateFeatures
  .chain((features) => fc.constantFrom(...(features as readonly AggregateFeatureManifest[])))
  .chain((feature) => fc.record({ feature: fc.constant(feature), rows: rowsOf(feature) }));

describe('aggregate states', () => {
  it('give the oracle’s value for rows that come in any order', () => {
    check(({ feature, rows }, aggregate) => expectOracle(feature, rows, take(aggregate, rows), aggregate));
  });

  it('give the same value however the rows are split, merged and encoded in between', () => {
    check(({ feature, rows }, aggregate) => {
      const [a, b, c] = [0, 1, 2].map((part) =>
        aggregate.read(
          new ByteReader(
            aggregate.encode(
              take(
                aggregate,
                rows.filter((row) => row.part === part),
              ),
            ),
          ),
        ),
      );
      expectOracle(feature, rows, aggregate.merge(aggregate.merge(a, b), c), aggregate);
      expectOracle(feature, rows, aggregate.merge(c, aggregate.merge(b, a)), aggregate);
    });
  });

  it('leave the states that they merge as they were', () => {
    check(({ rows }, aggregate) => {
      const [a, b] = [0, 1].map((part) =>
        take(
          aggregate,
          rows.filter((row) => row.part === part),
        ),
      );
      const before = [aggregate.encode(a), aggregate.encode(b)];
      aggregate.merge(a, b);
      expect([aggregate.encode(a), aggregate.encode(b)]).toEqual(before);
    });
  });
});

function check(holds: (one: Case, aggregate: Aggregate) => void): void {
  fc.assert(
    fc.property(cases, (one) => holds(one, createAggregate(one.feature, columnType(one.feature)))),
    { numRuns: 1500 },
  );
}

function take(aggregate: Aggregate, rows: readonly Row[]): unknown {
  return rows.reduce((state, { value, order }) => aggregate.add(state, value, order), aggregate.empty());
}

function expectOracle(feature: AggregateFeatureManifest, rows: readonly Row[], state: unknown, aggregate: Aggregate) {
  const ordered = rows.toSorted((a, b) => compareRowOrder(a.order, b.order));
  const inWindow = feature.window.kind === 'last' ? ordered.slice(-feature.window.count) : ordered;
  const { value, tolerance } = aggregateValue(
    feature,
    inWindow.map((row) => row.value),
  );
  const finished = aggregate.finish(state)!;
  const actual = typeof value === 'bigint' && typeof finished === 'number' ? BigInt(finished) : finished;
  expect(isSameValue(actual, value, tolerance), `${String(actual)}, not ${String(value)}`).toBe(true);
}

function columnType({ column }: AggregateFeatureManifest) {
  return column === null ? null : VALUE_COLUMNS[column as ValueColumn];
}

function rowsOf({ column }: AggregateFeatureManifest): fc.Arbitrary<readonly Row[]> {
  const value = column === null ? fc.constant(null) : arbitraryValues(0n)[column as ValueColumn];
  return fc
    .array(
      fc.record({
        event: fc.bigInt(-3n, 3n),
        created: fc.option(fc.bigInt(-4n, 4n), { nil: null }),
        value,
        part: fc.nat(2),
        place: fc.nat(),
      }),
      { maxLength: 12 },
    )
    .map((rows) =>
      rows
        .map(({ event, created, ...row }, sequence) => ({
          ...row,
          order: { event, created, sequence: BigInt(sequence) },
        }))
        .sort((a, b) => a.place - b.place),
    );
}
