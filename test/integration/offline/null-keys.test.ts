import { afterAll, beforeAll, expect, test } from 'vitest';
import { count, entity, featureView, fileSource, numeric } from '../../../definitions/language.ts';
import { ingest, openFixture, retrieveLines, writeText, type OfflineFixture } from './offline-fixture.ts';

const source = fileSource('rows', {
  path: 'rows.csv',
  timestamp: 'ts',
  created: 'loaded',
  schema: { ts: 'timestamp', loaded: 'timestamp', a: 'int64', b: 'string', n: 'int64' },
});
const pair = entity('pair', { keys: { a: 'int64', b: 'string' } });
const latest = featureView('latest', { entities: [pair], source, features: { n: numeric() } });
const counts = featureView('counts', { entities: [pair], source, features: { n: count({ window: 'all' }) } });

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openFixture({ source, latest, counts });
  const keys = [`1, 'x'`, `NULL, 'x'`, `1, NULL`, 'NULL, NULL'];
  const rows = keys.map((key, index) => `'2024-01-01', '2024-01-01', ${key}, ${index}`);
  await ingest(fixture, 'rows', rows, 1);
});
afterAll(() => fixture.close());

test.each([true, false])('null is no key, though rows have it too (as known: %s)', async (asKnown) => {
  const keys = ['1,x', ',x', '1,', ','];
  const lines = keys.map((key) => `${key},2024-01-02`);
  const spine = writeText(fixture, 'spine.csv', ['a,b,event_timestamp', ...lines].join('\n'));
  const request = { features: ['latest', 'counts'] };
  const found = await retrieveLines(fixture, { spine, request, output: 'out.csv', options: { asKnown } });
  expect(found.slice(1)).toEqual(['1,x,2024-01-02,0,1', ',x,2024-01-02,,0', '1,,2024-01-02,,0', ',,2024-01-02,,0']);
});
