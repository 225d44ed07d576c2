import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../../../api/server.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { DEFINITIONS, openPlatform, type Platform } from './platform.ts';

let platform: Platform;
let server: RunningServer;
beforeAll(async () => {
  platform = await openPlatform();
  platform.writeConfig();
  // one target that is met by whatever was materialized today, and one that nothing meets
  await platform.applyDefinitions(
    DEFINITIONS.replace(
      'online: true, features: { flights_1d',
      "online: true, freshness: '1d', features: { flights_1d",
    ).replace('online: true, features: { delay:', "online: true, freshness: '1ms', features: { delay:"),
  );
  server = await startServer(platform.settings, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server?.close();
  await platform?.close();
});

async function asof(...args: readonly string[]): Promise<unknown> {
  const { settings } = platform;
  const env = { ...process.env, ASOF_CATALOG_URL: settings.catalogUrl! };
  const bin = path.resolve(import.meta.dirname, '../../../bin/asof');
  const { stdout } = await promisify(execFile)(bin, ['-C', platform.directory, '--json', ...args], { env });
  return JSON.parse(stdout);
}

const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();

it(
  'is told by the command line and by the metrics, and turns with a materialization',
  { timeout: 120_000 },
  async () => {
    const { client, project } = platform;
    const nothing = { to: null, ageSeconds: null, state: 'never' };
    expect(await asof('status')).toEqual({
      views: [
        { view: 'delays', target: '1d', ...nothing },
        { view: 'latest', target: '1ms', ...nothing },
      ],
      restatements: [],
    });
    expect(await metrics()).toContain('asof_view_fresh{view="delays"} 0\n');

    platform.writeInput('a.csv', ['2001-01-01T12:00:00Z,JFK,1']);
    await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
    await waitForRun(await startRun(client, 'materialize', { project, views: ['delays', 'latest'] }));
    expect(await asof('status')).toMatchObject({
      views: [
        { view: 'delays', state: 'fresh', ageSeconds: expect.any(Number) as number },
        { view: 'latest', state: 'stale' },
      ],
    });
    expect(await asof('describe', 'delays')).toMatchObject({ freshness: { target: '1d', state: 'fresh' } });
    const text = await metrics();
    expect(text).toContain('asof_view_fresh{view="delays"} 1\n');
    expect(text).toContain('asof_view_fresh{view="latest"} 0\n');
    expect(text).toContain('asof_view_freshness_target_seconds{view="delays"} 86400\n');
    expect(text).toMatch(/^asof_view_online_age_seconds\{view="delays"\} [0-9.]+$/m);
  },
);
