/** Sources of databases: what they mean, and what is refused. */
import { describe, expect, it } from 'vitest';
import type { DatabaseSourceManifest } from '../../../contracts/manifest.ts';
import { databaseSource } from '../../../index.ts';
import { expectOneProblem, manifestOf } from './project.ts';

const schema = { id: 'int64', at: 'timestamp', changed: 'timestamp[ms]', name: 'string' } as const;
const ordersWith = (options: object): unknown =>
  databaseSource('orders', { url: 'env:ORDERS_URL', table: 'public.orders', timestamp: 'at', schema, ...options });
const sourceOf = (options: object): DatabaseSourceManifest =>
  manifestOf({ orders: ordersWith(options) }).sources[0] as DatabaseSourceManifest;

describe('databaseSource', () => {
  it('is a stored source of a table or a query', () => {
    expect(sourceOf({ cursor: 'at', lag: '30s', primaryKey: ['id'], schedule: { every: '1m' } })).toMatchObject({
      ...{ kind: 'database', url: 'env:ORDERS_URL', table: 'public.orders', query: null },
      ...{ cursor: 'at', lagMicros: 30_000_000, primaryKey: ['id'], schedule: { windowMicros: null } },
      contract: { columns: 'evolve', types: 'freeze' },
    });
    const query = "-- all\nselect id, at, changed, ';' as name from orders;";
    expect(sourceOf({ table: undefined, query })).toMatchObject({ table: null, query, cursor: null, lagMicros: 0 });
  });

  it('finds its address in a file of the project, whose absolute path it keeps', () => {
    expect(sourceOf({ url: 'file:secrets/orders' }).url).toBe('file:/project/secrets/orders');
    expect(sourceOf({ url: 'file:///run/secrets/orders' }).url).toBe('file:/run/secrets/orders');
  });

  it('counts versions of a row as one event, by its primary key, unless it says by what', () => {
    expect(sourceOf({ primaryKey: ['id'] }).eventId).toBe('id');
    expect(sourceOf({ primaryKey: ['id'], eventId: 'name' }).eventId).toBe('name');
    expect(sourceOf({ primaryKey: ['id', 'name'] }).eventId).toBeNull();
    expect(sourceOf({}).eventId).toBeNull();
  });

  it('is the same source at another address, in another table, with another lag; another one by another cursor or query', () => {
    const { fingerprint } = sourceOf({ cursor: 'at' });
    expect(sourceOf({ cursor: 'at', url: 'file:x', table: 'orders_v2', lag: '1m' }).fingerprint).toBe(fingerprint);
    expect(sourceOf({ cursor: 'changed' }).fingerprint).not.toBe(fingerprint);
    expect(sourceOf({ cursor: 'at', table: undefined, query: 'select 1' }).fingerprint).not.toBe(fingerprint);
  });

  it.each([
    [{ table: undefined }, /^source orders: it needs a table or a query/],
    [{ query: 'select 1' }, /^source orders: it needs a table or a query.*not both/],
    [{ url: undefined }, /^source orders, url: the option "url" is missing; keep the address out of the definitions/],
    [{ url: 'env:' }, /^source orders, url: what follows env: is not a name of a variable/],
    [{ table: 'orders; drop' }, /^source orders, table: "orders; drop" is not a name of a table/],
    [{ table: undefined, query: 'delete from orders' }, /^source orders, query: it is not one SELECT/],
    [{ table: undefined, query: 'select 1; select 2' }, /^source orders, query: it is not one SELECT/],
    [{ cursor: 'when' }, /^source orders, cursor: .*"when"/],
    [{ cursor: 'name' }, /^source orders, cursor: column "name" is string; a cursor is a timestamp or int64/],
    [{ cursor: 'id', lag: '1m' }, /^source orders, lag: the cursor "id" is int64 and tells no time/],
    [{ lag: '1m' }, /^source orders, lag: it is measured by the cursor, and there is none/],
    [{ cursor: 'at', lag: 'soon' }, /^source orders, lag: "soon" is not a valid value/],
    [{ schedule: { every: '1h', window: '2h' } }, /^source orders, schedule, window: a database is read from where/],
    [{ primaryKey: ['key'] }, /^source orders, primaryKey: /],
    [{ path: 'a.csv' }, /^source orders: unknown option "path"/],
  ])('reports %o', (options, problem) => {
    expectOneProblem(ordersWith(options), problem);
  });

  it('never shows an address that was written down', () => {
    const url = 'postgres://me:hunter2@db/shop';
    let told = '';
    try {
      manifestOf({ orders: ordersWith({ url }) });
    } catch (error) {
      told = `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack}`;
    }
    expect(told).toContain('source orders, url: it names no place that holds the address');
    expect(told).not.toContain('hunter2');
  });
});
