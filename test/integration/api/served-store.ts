/** An API over a store of purchases of users 1 to 5, on a Redis of its own that can be paused, emptied and killed. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { startServer, type RunningServer, type ServerOptions } from '../../../api/server.ts';
import type { Store } from '../../../index.ts';
import { settingsFor } from '../../support/settings.ts';
import { testStack } from '../../support/stack.ts';
import { openFixture, purchaseDefinitions } from '../library/store-fixture.ts';
import { startRedis, type TestRedis } from '../online/redis-server.ts';

export interface ServedStore {
  readonly redis: TestRedis;
  readonly store: Store;
  /** Lets the command line find the project: its directory. */
  writeProject(): string;
  /** What tells the command line where the stores are. */
  readonly environment: Readonly<Record<string, string>>;
  serve(limits?: ServerOptions['limits']): Promise<RunningServer>;
  /** Stops every server that was started. */
  close(): Promise<void>;
}

export const AT = '2024-03-01T00:00:00Z';
export const USERS = [1, 2, 3, 4, 5];

/** Closes the Redis that it is given, too. Default: one whose content is gone when it is killed. */
export async function openServedStore(given?: TestRedis): Promise<ServedStore> {
  const redis = given ?? (await startRedis());
  const fixture = await openFixture();
  const servers: RunningServer[] = [];
  const store = await fixture.open({ redis: redis.url });
  const { view } = purchaseDefinitions({ source: 'purchases', view: 'last_purchase' });
  await store.registerFeature(view);
  await store.putFeatures(
    view,
    USERS.map((user_id) => ({ user_id, at: '2024-01-01T12:00:00Z', amount: user_id * 10, items: 1, shop: 'a' })),
  );
  const settings = settingsFor(fixture.directory, {
    project: fixture.project,
    catalogUrl: fixture.catalogUrl,
    redisUrl: redis.url,
    temporal: { address: testStack().temporalAddress, namespace: 'default' },
  });
  return {
    redis,
    store,
    writeProject() {
      writeFileSync(path.join(fixture.directory, 'features.ts'), '');
      const config = JSON.stringify({ project: fixture.project, definitions: 'features.ts' });
      writeFileSync(path.join(fixture.directory, 'asof.config.ts'), `export default ${config};\n`);
      return fixture.directory;
    },
    environment: {
      ASOF_CATALOG_URL: fixture.catalogUrl,
      REDIS_URL: redis.url,
      TEMPORAL_ADDRESS: testStack().temporalAddress,
    },
    async serve(limits = {}) {
      const server = await startServer(settings, { host: '127.0.0.1', port: 0, limits });
      servers.push(server);
      return server;
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      await fixture.close();
      await redis.remove();
    },
  };
}

export interface ReadAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly code: unknown;
  /** Of the amounts. */
  readonly values: readonly unknown[] | undefined;
  readonly statuses: readonly unknown[] | undefined;
}

/** Reads the amounts of all users. */
export async function readAmounts(
  { url }: Pick<RunningServer, 'url'>,
  { deadline, at }: { readonly deadline?: string; readonly at?: string } = {},
): Promise<ReadAnswer> {
  const response = await fetch(`${url}/v1/online-features`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(deadline !== undefined && { 'asof-deadline': deadline }) },
    body: JSON.stringify({ features: ['last_purchase:amount'], entities: { user_id: USERS }, ...(at && { at }) }),
  });
  const body = (await response.json()) as {
    readonly code?: string;
    readonly results?: readonly { readonly values: readonly unknown[]; readonly statuses: readonly unknown[] }[];
  };
  const { values, statuses } = body.results?.[1] ?? {};
  return { status: response.status, headers: response.headers, code: body.code, values, statuses };
}

/** The value of a metric's line, such as `asof_work_queued{work="online reads"}`. */
export async function readMetric({ url }: Pick<RunningServer, 'url'>, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((one) => one.startsWith(`${line} `))
      ?.slice(line.length),
  );
}
