/** Statistics over HTTP. */
import { beforeAll, expect, it } from 'vitest';
import { startServer } from '../../../api/server.ts';
import { categorical, featureView, numeric, pushSource } from '../../../index.ts';
import { settingsFor } from '../../support/settings.ts';
import { testStack } from '../../support/stack.ts';
import { openFixture, user } from '../library/store-fixture.ts';

const people = pushSource('people', {
  timestamp: 'at',
  schema: { at: 'timestamp', user_id: 'int64', age: 'int64', town: 'string' },
});
const profile = featureView('profile', {
  entities: [user],
  source: people,
  online: true,
  features: { age: numeric(), town: categorical() },
});

let url: string;
beforeAll(async () => {
  const fixture = await openFixture();
  const store = await fixture.open();
  await store.registerFeature(profile);
  await store.putFeatures(profile, [
    { user_id: 1, at: '2024-01-01T00:00:00Z', age: 20n, town: 'Bern' },
    { user_id: 2, at: '2024-01-01T12:00:00Z', age: 9_007_199_254_740_993n, town: 'Bern' },
    { user_id: 3, at: '2024-01-02T00:00:00Z', age: null, town: null },
  ]);
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

async function read(path: string): Promise<{ readonly status: number; readonly document: object }> {
  const response = await fetch(`${url}/v1/stats/${path}`);
  return { status: response.status, document: (await response.json()) as object };
}

it('statistics of a view are those of the window that is asked for', async () => {
  expect(await read('profile?window=12h&to=2024-01-02')).toMatchObject({ status: 200, document: { sampleSize: 1 } });
  expect(await read('profile?window=all')).toMatchObject({
    status: 200,
    document: {
      ...{ view: 'profile', from: null, sampleSize: 3 },
      features: [
        { feature: 'age', sampleSize: 3, nulls: 1, min: 20, max: '9007199254740993', distinct: 2 },
        { feature: 'town', nullShare: 1 / 3, mean: null, std: null, top: [{ value: 'Bern', count: 2 }] },
      ],
    },
  });
});

it.each<readonly [string, number, string, string]>([
  ['no such view', 404, 'UNKNOWN_NAME', 'nowhere'],
  ['a feature', 400, 'INVALID_VALUE', 'profile:age'],
  ['no window', 400, 'INVALID_VALUE', 'profile?window=often'],
  ['no instant', 400, 'INVALID_INSTANT', 'profile?to=soon'],
  ['another parameter', 400, 'USAGE', 'profile?since=1d'],
])('%s is refused', async (_, status, code, path) => {
  expect(await read(path)).toMatchObject({ status, document: { code } });
});
