/** Nearest neighbours over HTTP. */
import { beforeAll, expect, it } from 'vitest';
import { startServer } from '../../../api/server.ts';
import { embedding, featureView, numeric, pushSource } from '../../../index.ts';
import { settingsFor } from '../../support/settings.ts';
import { testStack } from '../../support/stack.ts';
import { openFixture, user } from '../library/store-fixture.ts';

const tastes = pushSource('tastes', {
  timestamp: 'at',
  schema: { at: 'timestamp', user_id: 'int64', taste: 'float32[3]', age: 'int64' },
});
const taste = featureView('taste', {
  entities: [user],
  source: tastes,
  online: true,
  features: { taste: embedding(3), age: numeric() },
});

let url: string;
beforeAll(async () => {
  const fixture = await openFixture();
  const store = await fixture.open();
  await store.registerFeature(taste);
  const rows = [
    { user_id: 1, at: '2024-01-01T00:00:00Z', taste: [1, 0, 0], age: 1 },
    { user_id: 1, at: '2024-01-02T00:00:00Z', taste: [0, 1, 0], age: 1 },
    { user_id: 2, at: '2024-01-01T00:00:00Z', taste: [1, 1, 0], age: 1 },
    { user_id: 3, at: '2024-01-01T00:00:00Z', taste: [-1, 0, 0], age: 1 },
  ];
  await store.putFeatures(taste, rows);
  const settings = settingsFor(fixture.directory, {
    project: fixture.project,
    catalogUrl: fixture.catalogUrl,
    redisUrl: testStack().redisUrl,
    temporal: { address: testStack().temporalAddress, namespace: 'default' },
  });
  const server = await startServer(settings, { host: '127.0.0.1', port: 0 });
  url = server.url;
  return async () => {
    await server.close();
    await fixture.close();
  };
});

async function search(body: object): Promise<{ readonly status: number; readonly document: object }> {
  const response = await fetch(`${url}/v1/search-similar`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, document: (await response.json()) as object };
}

it('answers the most similar first, as of now or of an instant', async () => {
  const now = await search({ feature: 'taste:taste', vector: [1, 0, 0], k: 2 });
  expect(now).toMatchObject({
    status: 200,
    document: {
      ...{ feature: 'taste:taste', metric: 'cosine' },
      results: [{ entity: { user_id: 2 } }, { entity: { user_id: 1 }, similarity: 0 }],
    },
  });
  const then = await search({ feature: 'taste:taste', vector: [1, 0, 0], at: '2024-01-01T12:00:00Z' });
  expect(then).toMatchObject({
    status: 200,
    document: {
      at: '2024-01-01T12:00:00.000000Z',
      results: [
        { entity: { user_id: 1 }, similarity: 1, event_timestamp: '2024-01-01T00:00:00.000000Z' },
        { entity: { user_id: 2 } },
        { entity: { user_id: 3 }, similarity: -1 },
      ],
    },
  });
});

it.each<readonly [string, number, string, object]>([
  ['no such feature', 404, 'UNKNOWN_NAME', { feature: 'taste:smell', vector: [1, 0, 0] }],
  ['not an embedding', 400, 'INVALID_VALUE', { feature: 'taste:age', vector: [1, 0, 0] }],
  ['a whole view', 400, 'INVALID_VALUE', { feature: 'taste', vector: [1, 0, 0] }],
  ['another length', 400, 'INVALID_VALUE', { feature: 'taste:taste', vector: [1, 0] }],
  ['a text', 400, 'USAGE', { feature: 'taste:taste', vector: 'up' }],
  ['too many', 400, 'USAGE', { feature: 'taste:taste', vector: [1, 0, 0], k: 1_001 }],
])('%s is refused', async (_, status, code, body) => {
  expect(await search(body)).toMatchObject({ status, document: { code } });
});
