import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import { KEPT_BASELINES } from '../../../catalog/statistics.ts';
import type { DriftBaseline } from '../../../contracts/drift.ts';
import type { ColumnState, KeptState } from '../../../contracts/statistics.ts';
import { emptyState } from '../../../quality/statistics/column-state.ts';
import { createCatalogDatabase, type TestDatabase } from '../../support/catalog.ts';

let database: TestDatabase;
let catalog: Catalog;
beforeAll(async () => {
  database = await createCatalogDatabase();
  catalog = await openCatalog({ url: database.url });
});
afterAll(async () => {
  await catalog.close();
  await database.drop();
});

const target = { project: 'p', target: 'view', fingerprint: 'one' };
const odd: ColumnState = {
  ...emptyState('string'),
  ...{ rows: 7, min: 'a\u0000b"\\', max: '\u{1F600}', top: { values: [['\u0000', 7]], missed: 0 } },
};
const kept = (column: string, from: bigint, state: ColumnState, snapshot = 1): KeptState => ({
  ...{ column, state, range: { from, to: from + 10n }, basis: { snapshot, fit: 0 } },
});
const baseline = (rows: number): DriftBaseline => ({ rows, basis: { snapshot: 1, fit: 2 }, columns: {} });

test('states come back as they were, by range and column, and a later measurement takes their place', async () => {
  const states = [kept('b', 0n, odd), kept('a', 0n, emptyState('int64')), kept('a', 10n, odd), kept('a', -10n, odd)];
  await catalog.statistics.keepStates(target, states);
  await catalog.statistics.keepStates({ ...target, fingerprint: 'two' }, [kept('a', 0n, odd)]);
  await catalog.statistics.keepStates({ ...target, project: 'q' }, [kept('a', 0n, odd)]);
  expect(await catalog.statistics.states(target, { from: 0n, to: 20n })).toEqual([states[1], states[0], states[2]]);
  expect(await catalog.statistics.states(target, { from: 0n, to: 19n })).toHaveLength(2);
  await catalog.statistics.keepStates(target, [kept('a', 0n, odd, 5)]);
  expect(await catalog.statistics.states(target, { from: 0n, to: 10n })).toEqual([kept('a', 0n, odd, 5), states[0]]);
});

test('measurements at the same time leave one state of each column', async () => {
  const racing = { ...target, target: 'raced' };
  await Promise.all(
    Array.from({ length: 8 }, (_, snapshot) => catalog.statistics.keepStates(racing, [kept('a', 0n, odd, snapshot)])),
  );
  expect(await catalog.statistics.states(racing, { from: 0n, to: 10n })).toHaveLength(1);
});

test('baselines are kept by name, the newest of a project', async () => {
  const { statistics } = catalog;
  expect(await statistics.baseline(target, 'first')).toBeUndefined();
  await statistics.keepBaseline({ ...target, project: 'q' }, 'theirs', baseline(1));
  await statistics.keepBaseline(target, 'first', baseline(1));
  await statistics.keepBaseline(target, 'second', baseline(2));
  await statistics.keepBaseline(target, 'first', baseline(3));
  expect(await statistics.baseline(target, 'first')).toEqual(baseline(3));
  expect(await statistics.baseline({ ...target, fingerprint: 'two' }, 'first')).toBeUndefined();
  for (let count = 1; count < KEPT_BASELINES; count += 1)
    await statistics.keepBaseline(target, `n${count}`, baseline(count));
  expect(await statistics.baseline(target, 'second')).toBeUndefined();
  expect(await statistics.baseline(target, 'first')).toEqual(baseline(3));
  expect(await statistics.baseline({ ...target, project: 'q' }, 'theirs')).toEqual(baseline(1));
});
