/** The servers of the test run, and what a test file needs to have them for itself. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { Client } from 'pg';
import { inject } from 'vitest';
import { checkNamespace, registerSearchAttributes } from '../../stack/temporal-api.ts';

/** `ASOF_TEST_…` from the environment win over the servers of the run's global setup. */
export function testStack(): {
  readonly catalogUrl: string;
  readonly redisUrl: string;
  readonly temporalAddress: string;
} {
  return {
    catalogUrl: process.env['ASOF_TEST_CATALOG_URL'] ?? inject('catalogUrl'),
    redisUrl: process.env['ASOF_TEST_REDIS_URL'] ?? inject('redisUrl'),
    temporalAddress: process.env['ASOF_TEST_TEMPORAL_ADDRESS'] ?? inject('temporalAddress'),
  };
}

/** A name that no other test has: for projects, Redis prefixes, namespaces and task queues. Matches `[a-z][a-z0-9_]*`. */
export function uniqueName(prefix = 'test'): string {
  return `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
}

/** A directory for the test file; to be removed with `remove`. */
export function temporaryDirectory(prefix = 'asof-test-'): { readonly path: string; remove(): void } {
  const directory = mkdtempSync(path.join(tmpdir(), prefix));
  return { path: directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** An empty database on the test PostgreSQL. `drop` disconnects whoever is still connected. */
export async function createDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = uniqueName('catalog');
  await asAdmin(`CREATE DATABASE ${name}`);
  const url = new URL(testStack().catalogUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** A Temporal namespace with Asof's search attributes, ready for workers. */
export async function createNamespace(): Promise<string> {
  const { temporalAddress } = testStack();
  const namespace = uniqueName('namespace');
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
  } finally {
    await connection.close();
  }
  // the parts of the server learn of a new namespace one after the other
  for (let attempt = 1; ; attempt++) {
    try {
      await checkNamespace(temporalAddress, namespace);
      await registerSearchAttributes(temporalAddress, namespace);
      return namespace;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
}

async function asAdmin(statement: string): Promise<void> {
  const client = new Client({ connectionString: testStack().catalogUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
