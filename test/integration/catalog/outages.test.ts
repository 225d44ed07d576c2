import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openCatalog } from '../../../catalog/postgres.ts';
import { createCatalogDatabase } from '../../support/catalog.ts';
import type { TestDatabase } from '../../support/catalog.ts';
import { fakeFile, newCommit, SOURCE } from '../../support/commits.ts';

let database: TestDatabase;
const servers: Server[] = [];

beforeAll(async () => {
  database = await createCatalogDatabase();
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

afterAll(async () => {
  await database.drop();
});

type Cut = 'before' | 'after';

/**
 * A proxy that breaks the connection once, at the next COMMIT: before the server hears of it, or after the server did it
 * and before the client hears of that.
 */
async function startProxy(): Promise<{ readonly url: string; arm(cut: Cut): void }> {
  const target = new URL(database.url);
  let armed: Cut | undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let deaf = false;
    const drop = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (bytes) => {
      if (armed !== undefined && /commit/i.test(bytes.toString('latin1'))) {
        deaf = true;
        const cut = armed;
        armed = undefined;
        if (cut === 'before') return drop();
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => (deaf ? drop() : client.write(bytes)));
    for (const socket of [client, upstream] as Socket[]) socket.on('error', drop).on('close', drop);
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = new URL(database.url);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, arm: (cut) => (armed = cut) };
}

describe('a connection that is lost at COMMIT', () => {
  test.each([
    { cut: 'before', repeated: false },
    { cut: 'after', repeated: true },
  ] as const)('$cut the server did it: the retry finds out by its key', async ({ cut, repeated }) => {
    const proxy = await startProxy();
    const catalog = await openCatalog({ url: proxy.url });
    const table = { ...SOURCE, name: `cut_${cut}` };
    const commit = newCommit({ table, add: [fakeFile()] });

    proxy.arm(cut);
    await expect(catalog.tables.commit(commit)).rejects.toMatchObject({ code: 'CATALOG_UNAVAILABLE', retryable: true });
    expect(await catalog.tables.commit(commit)).toEqual({ snapshot: 1, repeated });
    expect((await catalog.tables.files(table)).files).toHaveLength(1);
    await catalog.close();
  });
});

describe('opening', () => {
  test('a server that does not answer is unavailable, and may be tried again', async () => {
    const opening = openCatalog({ url: 'postgres://postgres@127.0.0.1:1/none' });
    await expect(opening).rejects.toMatchObject({ code: 'CATALOG_UNAVAILABLE', retryable: true });
  });

  test('a database that does not exist is missing: waiting does not help', async () => {
    const url = new URL(database.url);
    url.pathname = '/asof_no_such_database';
    await expect(openCatalog({ url: url.href })).rejects.toMatchObject({ code: 'COMPONENT_MISSING', retryable: false });
  });
});
