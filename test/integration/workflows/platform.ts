/** A whole platform for one test file: stores of its own, applied definitions, and the three kinds of workers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { Settings } from '../../../contracts/config.ts';
import type { Manifest } from '../../../contracts/manifest.ts';
import type { PayloadKeys } from '../../../contracts/payload-keys.ts';
import { loadDefinitions } from '../../../definitions/loading.ts';
import { dataConverterFor } from '../../../security/data-converter.ts';
import { startWorker } from '../../../workers/start-worker.ts';
import { installTemporalRuntime } from '../../../workers/temporal-runtime.ts';
import { WORKER_KINDS, type WorkerKind } from '../../../workers/worker-kind.ts';
import { settingsFor } from '../../support/settings.ts';
import { createDatabase, createNamespace, temporaryDirectory, testStack, uniqueName } from '../../support/stack.ts';

export interface Platform {
  readonly settings: Settings;
  readonly project: string;
  readonly catalog: Catalog;
  readonly client: Client;
  /** Writes an input file of the source `flights`. */
  writeInput(name: string, lines: readonly string[]): void;
  readonly manifest: Manifest;
  /** Puts other definitions in place of those below, and applies them. */
  applyDefinitions(text: string): Promise<void>;
  /** Lets the command line find the project. */
  writeConfig(): void;
  /** The project directory. */
  readonly directory: string;
  close(): Promise<void>;
}

/**
 * `kinds` are the workers that run in the process of the test; `more` is what differs from the settings of all tests: another
 * lake than one on disk, a Spark. With `payloadKeys` what Temporal keeps is encrypted.
 */
export async function openPlatform(
  kinds: readonly WorkerKind[] = WORKER_KINDS,
  more: Partial<Settings> = {},
  payloadKeys?: PayloadKeys,
): Promise<Platform> {
  installTemporalRuntime('ERROR');
  const directory = temporaryDirectory();
  const definitions = path.join(directory.path, 'features.ts');
  writeFileSync(definitions, DEFINITIONS);
  mkdirSync(path.join(directory.path, 'inputs'));
  const database = await createDatabase();
  const { temporalAddress, redisUrl } = testStack();
  const namespace = await createNamespace();
  const project = more.project ?? uniqueName('flights');
  const settings = settingsFor(directory.path, {
    project,
    definitions: [definitions],
    catalogUrl: database.url,
    redisUrl,
    temporal: { address: temporalAddress, namespace, payloadKeys },
    ...more,
  });
  const catalog = await openCatalog({ url: database.url, poolSize: 2 });
  const { manifest, bundle } = await loadDefinitions(settings);
  await catalog.definitions.apply({ project, base: 0, manifest, bundle });
  const workers = await Promise.all(kinds.map((kind) => startWorker(kind, settings)));
  const running = Promise.all(workers.map((worker) => worker.run()));
  const connection = await Connection.connect({ address: temporalAddress });
  return {
    settings,
    project,
    catalog,
    client: new Client({ connection, namespace, dataConverter: dataConverterFor(payloadKeys) }),
    manifest,
    directory: directory.path,
    async applyDefinitions(text) {
      writeFileSync(definitions, text);
      const next = await loadDefinitions(settings);
      const base = (await catalog.definitions.current(project))!.version;
      await catalog.definitions.apply({ project, base, ...next });
    },
    writeConfig: () =>
      writeFileSync(
        path.join(directory.path, 'asof.config.ts'),
        `export default ${JSON.stringify({ project, definitions: 'features.ts' })};\n`,
      ),
    writeInput: (name, lines) =>
      writeFileSync(path.join(directory.path, 'inputs', name), `${[HEADER, ...lines].join('\n')}\n`),
    async close() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await catalog.close();
      await database.drop();
      directory.remove();
    },
  };
}

const HEADER = 'date,origin,delay';

/** Files are read from `inputs`, relative to the project directory. */
export const DEFINITIONS = `
import { count, derivedView, entity, expectation, featureView, fileSource, numeric } from 'asof';

export const airport = entity('airport', { keys: { origin: 'string' } });
export const flights = fileSource('flights', {
  path: 'inputs/*.csv', timestamp: 'date', schema: { date: 'timestamp', origin: 'string', delay: 'int64' },
  expectations: [
    expectation('expect_column_values_to_not_be_null', { column: 'origin' }, { onFailure: 'quarantine' }),
    expectation('expect_column_max_to_be_between', { column: 'delay', max_value: 1000 }),
  ],
});
export const delays = featureView('delays', {
  entities: [airport], source: flights, online: true, features: { flights_1d: count({ window: '1d' }) },
});
export const latest = featureView('latest', {
  entities: [airport], source: flights, online: true, features: { delay: numeric() },
});
export const lateness = derivedView('lateness', {
  inputs: [delays, latest], features: { late_flights: numeric() },
  compute: ({ delays, latest }) => ({ late_flights: latest.delay === null ? null : delays.flights_1d + Number(latest.delay) }),
});
`;
