/** PostgreSQL, Redis and Temporal for one test run. Every project that needs them acquires them; the last one stops them. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { stopStack } from '../stack/dev.ts';
import { identifyProcess } from '../stack/process-identity.ts';
import { readRecords } from '../stack/run-records.ts';
import { acquireComponents } from '../stack/with-components.ts';
import { settingsFor } from './support/settings.ts';

const PREFIX = 'asof-test-run-';

/** Servers that are named in the environment are used instead of embedded ones. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned();
  const directory = path.join(tmpdir(), `${PREFIX}${process.pid}`);
  const { settings, release } = await acquireComponents(
    settingsFor(directory, {
      catalogUrl: process.env['ASOF_TEST_CATALOG_URL'] ?? null,
      redisUrl: process.env['ASOF_TEST_REDIS_URL'] ?? null,
      temporal: { address: process.env['ASOF_TEST_TEMPORAL_ADDRESS'] ?? null, namespace: 'default' },
    }),
    ['catalog', 'redis', 'temporal'],
    { ports: 'free', durable: false, report: (line) => process.stderr.write(`${line}\n`) },
  );
  project.provide('catalogUrl', settings.catalogUrl ?? '');
  project.provide('redisUrl', settings.redisUrl ?? '');
  project.provide('temporalAddress', settings.temporal.address ?? '');
  return async () => {
    await release();
    if (readRecords(settings.stateDirectory).length === 0) rmSync(directory, { recursive: true, force: true });
  };
}

/** What a killed test run has left behind. */
async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    if (identifyProcess(Number(name.slice(PREFIX.length))) !== undefined) continue;
    const directory = path.join(tmpdir(), name);
    const settings = settingsFor(directory);
    if (existsSync(settings.stateDirectory)) await stopStack(settings);
    rmSync(directory, { recursive: true, force: true });
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL of the test PostgreSQL. */
    catalogUrl: string;
    redisUrl: string;
    /** `host:port` */
    temporalAddress: string;
  }
}
