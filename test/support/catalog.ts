/**
 * Fresh catalog databases on the PostgreSQL server that the test run started. A database is copied from a template that
 * has the catalog's tables already, made once per server and migration text.
 */
import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { MIGRATIONS } from '../../catalog/migrations/index.ts';
import { openCatalog } from '../../catalog/postgres.ts';

export interface TestDatabase {
  readonly url: string;
  /** Ends its sessions and drops it. */
  drop(): Promise<void>;
}

const TEMPLATE_LOCK = 7_300_411;

/** An administrator's address; a server that the environment names wins over the one of the global setup. */
function serverUrl(): string {
  return process.env['ASOF_TEST_CATALOG_URL'] ?? inject('catalogUrl');
}

/** A database with an empty catalog. */
export async function createCatalogDatabase(): Promise<TestDatabase> {
  return createDatabase(await ensureTemplate(serverUrl()));
}

/** A database with nothing in it. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('template0');
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const name = `asof_test_${randomUUID().replaceAll('-', '')}`;
  const admin = serverUrl();
  await onServer(admin, (client) => client.query(`create database ${name} template ${template}`));
  return {
    url: withDatabase(admin, name),
    drop: () => onServer(admin, (client) => client.query(`drop database if exists ${name} with (force)`)),
  };
}

async function ensureTemplate(admin: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(MIGRATIONS)).digest('hex').slice(0, 16);
  const name = `asof_template_${hash}`;
  await onServer(admin, async (client) => {
    // test files run side by side: the first makes the template, the others wait
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount === 1) return;
    const draft = `${name}_draft`;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft} template template0`);
    const catalog = await openCatalog({ url: withDatabase(admin, draft), poolSize: 1 });
    await catalog.close();
    await client.query(`alter database ${draft} rename to ${name}`);
  });
  return name;
}

async function onServer(admin: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(admin: string, name: string): string {
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return url.href;
}
