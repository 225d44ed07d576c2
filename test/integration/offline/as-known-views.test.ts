import { afterAll, beforeAll, expect, test } from 'vitest';
import { count, entity, featureView, fileSource, numeric } from '../../../definitions/language.ts';
import { ingest, openFixture, retrieveLines, writeText, type OfflineFixture } from './offline-fixture.ts';

const schema = { ts: 'timestamp', loaded: 'timestamp', id: 'int64', n: 'int64' } as const;
const dated = fileSource('dated', { path: 'dated.csv', timestamp: 'ts', created: 'loaded', schema });
const undated = fileSource('undated', { path: 'undated.csv', timestamp: 'ts', schema });
const thing = entity('thing', { keys: { id: 'int64' } });
const known = featureView('known', { entities: [thing], source: dated, asKnown: true, features: { n: numeric() } });
const knownCount = featureView('known_count', {
  entities: [thing],
  source: dated,
  asKnown: true,
  features: { n: count({ window: 'all' }) },
});
const all = featureView('everything', { entities: [thing], source: dated, features: { n: numeric() } });
const plain = featureView('plain', { entities: [thing], source: undated, features: { n: numeric() } });
const plainCount = featureView('plain_count', {
  entities: [thing],
  source: undated,
  features: { n: count({ window: 'all' }) },
});

let fixture: OfflineFixture;
let spine: string;
beforeAll(async () => {
  fixture = await openFixture({ known, knownCount, all, plain, plainCount });
  const rows = [`'2024-01-01', '2024-01-01', 1, 10`, `'2024-01-02', '2024-01-05', 1, 20`, `'2024-01-03', NULL, 1, 30`];
  for (const source of ['dated', 'undated']) await ingest(fixture, source, rows, 1);
  spine = writeText(fixture, 'spine.csv', 'id,event_timestamp\n1,2024-01-04\n1,2024-01-05\n');
});
afterAll(() => fixture.close());

function retrieve(features: readonly string[], asKnown: boolean): Promise<readonly string[]> {
  return retrieveLines(fixture, { spine, request: { features }, output: 'out.csv', options: { asKnown } });
}

test('a view may ask for it by itself; others take every row unless the request asks', async () => {
  const features = ['known', 'known_count', 'everything'];
  expect((await retrieve(features, false)).slice(1)).toEqual(['1,2024-01-04,10,1,30', '1,2024-01-05,20,2,30']);
  expect((await retrieve(features, true)).slice(1)).toEqual(['1,2024-01-04,10,1,10', '1,2024-01-05,20,2,20']);
});

test('a source that does not say when its rows were created is unaffected', async () => {
  const features = ['plain', 'plain_count'];
  const lines = await retrieve(features, true);
  expect(lines.slice(1)).toEqual(['1,2024-01-04,30,3', '1,2024-01-05,30,3']);
  expect(await retrieve(features, false)).toEqual(lines);
});
