import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { KEPT_REPORTS, SAMPLE_BOUNDS } from '../../../catalog/consistency.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { ConsistencyReport, ServedSample } from '../../../contracts/consistency.ts';
import { clockNow } from '../../../contracts/time.ts';
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

const sampleOf = (key: string): ServedSample => ({
  ...{ request: { features: ['v:f'] }, definitions: 1, fits: {}, at: '2024-01-01T00:00:00.000000Z' },
  ...{ entities: { id: key }, inputs: {}, bounds: {} },
  values: [{ value: '9223372036854775807', status: 'PRESENT', event: null, servedFrom: 'online' }],
});
const everything = { since: 0n, until: 2n ** 62n, limit: 100_000 };

test('gives back what was added as it was, the newest first, by time and by id', async () => {
  const now = clockNow();
  const odd = sampleOf('a\u0000b"\\ \u{1F600}');
  await catalog.consistency.addSamples('p', [
    { servedAt: now - 10n, sample: odd },
    { servedAt: now, sample: sampleOf('second') },
  ]);
  const all = await catalog.consistency.samples('p', everything);
  expect(all.map(({ servedAt, sample }) => [servedAt, sample])).toEqual([
    [now, sampleOf('second')],
    [now - 10n, odd],
  ]);
  const range = { since: now - 10n, until: now, limit: 5 };
  expect(await catalog.consistency.samples('p', range)).toEqual([all[1]]);
  expect(await catalog.consistency.samplesById('p', [all[1]!.id, 10_000_000n])).toEqual([all[1]]);
  expect(await catalog.consistency.samplesById('p', [])).toEqual([]);
  expect(await catalog.consistency.samples('another', everything)).toEqual([]);
});

test('forgets what is too old or too much, of the project alone', async () => {
  const now = clockNow();
  const at = (servedAt: bigint, key: string) => ({ servedAt, sample: sampleOf(key) });
  await catalog.consistency.addSamples('other', [at(now, 'stays')]);
  await catalog.consistency.addSamples('q', [at(now - SAMPLE_BOUNDS.micros - 1_000_000n, 'old'), at(now, 'first')]);
  expect((await catalog.consistency.samples('q', everything)).map(({ sample }) => sample.entities['id'])).toEqual([
    'first',
  ]);
  const many = Array.from({ length: SAMPLE_BOUNDS.samples }, (_, index) => at(now, `k${index}`));
  await catalog.consistency.addSamples('q', many);
  const kept = await catalog.consistency.samples('q', everything);
  expect(kept).toHaveLength(SAMPLE_BOUNDS.samples);
  expect(kept.some(({ sample }) => sample.entities['id'] === 'first')).toBe(false);
  expect(await catalog.consistency.samples('other', everything)).toHaveLength(1);
});

test('keeps the newest reports, one of a run', async () => {
  const report = (vectors: number): ConsistencyReport => ({
    ...{ checkedAt: '', since: '', until: '', vectors, waiting: 0, unreadable: 0, features: [], examples: [] },
  });
  const { consistency } = catalog;
  expect(await consistency.newestReport('p')).toBeUndefined();
  for (let run = 0; run <= KEPT_REPORTS; run += 1) await consistency.addReport('p', `run ${run}`, report(run));
  await consistency.addReport('p', `run ${KEPT_REPORTS}`, report(7));
  expect(await consistency.newestReport('p')).toMatchObject({ vectors: 7 });
  // the first one went, so that its run would be the newest again
  await consistency.addReport('p', 'run 0', report(8));
  expect(await consistency.newestReport('p')).toMatchObject({ vectors: 8 });
});
