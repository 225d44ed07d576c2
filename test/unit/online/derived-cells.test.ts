import { describe, expect, it } from 'vitest';
import type { DerivedFeatureManifest } from '../../../contracts/manifest.ts';
import type { DefinitionRuntime, FeaturePlan, PlannedDerived } from '../../../contracts/plan.ts';
import { Timestamp } from '../../../contracts/timestamp.ts';
import type { StoredType } from '../../../contracts/values.ts';
import { computeDerived, type AnswersByView } from '../../../online/derived-cells.ts';
import { answerOf, cellAt } from '../../../online/entity-answer.ts';
import { DENIED_CELL, presentCell, UNAVAILABLE_CELL, type OnlineCell } from '../../../online/online-cell.ts';

type Runtime = Pick<DefinitionRuntime, 'compute'>;

const AT = 1_704_067_200_000_000n;

function feature(name: string, valueType: StoredType): DerivedFeatureManifest {
  return { kind: 'derived', name, featureType: 'numeric', valueType, default: null, pii: false, transform: null };
}

function derived(as: string, inputs: PlannedDerived['inputs'], features: DerivedFeatureManifest[]): PlannedDerived {
  return {
    kind: 'derived',
    as,
    view: { kind: 'derived', name: as, fingerprint: as, inputs: [], features, functionHash: '' },
    inputs,
    features,
  };
}

const ratio = derived(
  'ratio',
  [
    { kind: 'request', name: 'request', columns: ['factor'] },
    { kind: 'view', name: 'delays', as: 'dest_delays', features: ['mean'] },
    { kind: 'view', name: 'traffic', as: 'traffic', features: ['flights'] },
  ],
  [feature('scaled', 'float64'), feature('seen', 'timestamp')],
);

/** Computes `ratio` for one entity whose inputs are these cells. */
function compute(cells: { readonly mean: OnlineCell; readonly flights: OnlineCell }, runtime: Runtime) {
  const plan: FeaturePlan = { views: [], derived: [ratio], requestColumns: [], keyColumns: [], columns: [] };
  const views: AnswersByView = new Map([
    ['dest_delays', { answers: [answerOf([cells.mean])], places: new Map([['mean', 0]]) }],
    ['traffic', { answers: [answerOf([cells.flights])], places: new Map([['flights', 0]]) }],
  ]);
  const checked = { entities: 1, keys: new Map(), request: new Map([['factor', [2n]]]) };
  computeDerived(plan, { runtime }, checked, AT, views);
  const { answers, places } = views.get('ratio')!;
  return { scaled: cellAt(answers[0]!, places.get('scaled')!), seen: cellAt(answers[0]!, places.get('seen')!) };
}

const returning = (result: Record<string, unknown>): Runtime => ({ compute: () => result });
const mean = presentCell(1.5, AT - 5n, 'online');
const flights = presentCell(3, AT - 9n, 'lake');

describe('a derived view', () => {
  it('sees its inputs by name, and the instant', () => {
    let seen: unknown[] = [];
    const runtime: Runtime = {
      compute: (...call) => {
        seen = call;
        return { scaled: 3, seen: new Timestamp(AT) };
      },
    };
    const cells = compute({ mean, flights }, runtime);
    expect(seen).toEqual([
      'ratio',
      { request: { factor: 2n }, delays: { mean: 1.5 }, traffic: { flights: 3 } },
      { at: new Timestamp(AT) },
    ]);
    expect(cells.scaled).toEqual({ value: 3, status: 'PRESENT', eventTimestamp: AT - 5n, servedFrom: 'lake' });
    expect(cells.seen.value).toEqual(new Timestamp(AT));
  });

  it('is null where it gives nothing', () => {
    const cells = compute({ mean, flights }, returning({ seen: null }));
    expect([cells.scaled.status, cells.seen.status]).toEqual(['NULL', 'NULL']);
  });

  it('is computed with null for a missing or expired input', () => {
    const expired: OnlineCell = { ...mean, value: null, status: 'EXPIRED' };
    const runtime: Runtime = {
      compute: (_, { delays }) => ({ scaled: delays!['mean'] === null ? -1 : 1, seen: null }),
    };
    expect(compute({ mean: expired, flights }, runtime).scaled.value).toBe(-1);
  });

  it('is computed with null where a default stands in for the input', () => {
    const standIn: OnlineCell = { value: 0, status: 'DEFAULT', eventTimestamp: null, servedFrom: 'default' };
    let seen: unknown;
    const runtime: Runtime = {
      compute: (_, { delays, traffic }) => {
        seen = { ...delays, ...traffic };
        return { scaled: null, seen: null };
      },
    };
    compute({ mean: standIn, flights }, runtime);
    expect(seen).toEqual({ mean: null, flights: 3 });
  });

  it.each([
    [DENIED_CELL, flights, 'DENIED'],
    [UNAVAILABLE_CELL, flights, 'UNAVAILABLE'],
    [UNAVAILABLE_CELL, DENIED_CELL, 'DENIED'],
  ])('takes the status of an input that cannot be read', (first, second, status) => {
    const never: Runtime = {
      compute: () => {
        throw new TypeError('not to be called');
      },
    };
    const cells = compute({ mean: first, flights: second }, never);
    expect(cells.scaled).toMatchObject({ value: null, status });
  });

  it('refuses a value of another type, and says where', () => {
    expect(() => compute({ mean, flights }, returning({ scaled: 'high', seen: null }))).toThrow(
      'view ratio, feature scaled: compute returned high, which is not a float64',
    );
  });

  it('reports what its function throws', () => {
    const failing: Runtime = {
      compute: () => {
        throw new RangeError('no');
      },
    };
    expect(() => compute({ mean, flights }, failing)).toThrow('view ratio: compute failed: no');
  });
});
