/** A table from the command line: its address stands in a file, and nowhere else afterwards. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IngestResult } from '../../contracts/runs.ts';
import { createProject, type Project } from './support/project.ts';

const FEATURES = `import { databaseSource, entity, featureView, sum } from 'asof';

export const customer = entity('customer', { keys: { customer: 'string' } });
export const orders = databaseSource('orders', {
  url: 'file:orders.address', table: 'public.orders', timestamp: 'placed_at', cursor: 'updated_at', primaryKey: ['id'],
  schema: { id: 'int64', placed_at: 'timestamp', updated_at: 'timestamp', customer: 'string', amount: 'int64' },
});
export const spending = featureView('spending', {
  entities: [customer], source: orders, features: { spent_1d: sum('amount', { window: '1d' }) },
});
`;
const PASSWORD = 'hunter2-of-the-test';

let project: Project;
let client: Client;
beforeAll(async () => {
  project = createProject();
  const config = `import { defineConfig } from 'asof';\nexport default defineConfig({ project: 'shop', definitions: 'features.ts' });\n`;
  project.write('asof.config.ts', config);
  project.write('features.ts', FEATURES);
  await project.run('dev', '--detach');
  await project.run('apply', '--yes');
  // another database of the stack's own server
  const url = new URL(project.stack().catalog.url);
  const admin = new Client({ connectionString: url.href });
  await admin.connect();
  await admin.query('create database shop');
  await admin.query(`create role reader superuser login password '${PASSWORD}'`);
  await admin.end();
  url.pathname = '/shop';
  client = new Client({ connectionString: url.href });
  await client.connect();
  Object.assign(url, { username: 'reader', password: PASSWORD });
  project.write('orders.address', url.href);
  await client.query(
    'create table orders (id int8 primary key, placed_at timestamptz, updated_at timestamptz, customer text, amount int4)',
  );
}, 600_000);
afterAll(async () => {
  await client?.end();
  await project.close();
}, 120_000);

const put = (id: number, minute: number, amount: number) =>
  client.query(
    `insert into orders values ($1, '2024-01-01 10:00Z', '2024-01-01 10:00Z'::timestamptz + make_interval(mins => $2), 'c1', $3)
     on conflict (id) do update set updated_at = excluded.updated_at, amount = excluded.amount`,
    [id, minute, amount],
  );

it('ingests what is new or changed, and counts a row that changed once', async () => {
  await put(1, 0, 10);
  await put(2, 1, 20);
  expect(await project.run<IngestResult>('ingest', 'orders')).toMatchObject({ rowsIn: 2, committed: 2 });
  await put(1, 2, 15);
  const second = await project.run<IngestResult>('ingest', 'orders');
  expect(second).toMatchObject({ rowsIn: 2, committed: 1, deduplicated: 1 });
  expect(await project.run('describe', 'orders')).toMatchObject({
    database: { cursor: 'updated_at', value: '2024-01-01 10:02:00Z' },
    conservation: { rowsIn: 4, committed: 3, quarantined: 0, deduplicated: 1 },
  });
  expect(await project.fail(2, 'ingest', 'orders', '--from', '2024-01-01')).toMatchObject({ code: 'INVALID_RANGE' });
  const spine = project.write('spine.csv', 'customer,event_timestamp\nc1,2024-01-01T12:00:00Z\n');
  const out = project.file('out.csv');
  await project.run('historical', '--spine', spine, '--features', 'spending:spent_1d', '--out', out);
  expect(readFileSync(out, 'utf8')).toBe('customer,event_timestamp,spending__spent_1d\nc1,2024-01-01T12:00:00Z,35\n');
});

it('says what is wrong with the table, and shows the password in no file of the stack', async () => {
  await client.query('alter table orders alter amount type text');
  expect(await project.fail(1, 'ingest', 'orders')).toMatchObject({ code: 'INPUT_TYPE_CHANGED' });
  const root = project.file('.');
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'orders.address') continue;
    const file = path.join(entry.parentPath, entry.name);
    expect(readFileSync(file).includes(PASSWORD), file).toBe(false);
  }
});
