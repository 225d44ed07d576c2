/** A whole platform for one test file: stores of its own, applied definitions, and the three kinds of workers. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { Settings } from '../../../contracts/config.ts';
import { MANIFEST_FORMAT, type Manifest } from '../../../contracts/manifest.ts';
import { startWorker } from '../../../workers/start-worker.ts';
import { installTemporalRuntime } from '../../../workers/temporal-runtime.ts';
import { WORKER_KINDS } from '../../../workers/worker-kind.ts';
import { settingsFor } from '../../support/settings.ts';
import { createDatabase, createNamespace, temporaryDirectory, testStack, uniqueName } from '../../support/stack.ts';

export interface Platform {
  readonly settings: Settings;
  readonly project: string;
  readonly catalog: Catalog;
  readonly client: Client;
  /** Writes an input file of the source `flights`. */
  writeInput(name: string, lines: readonly string[]): void;
  readonly inputDirectory: string;
  close(): Promise<void>;
}

export async function openPlatform(): Promise<Platform> {
  installTemporalRuntime('ERROR');
  const directory = temporaryDirectory();
  const inputs = temporaryDirectory();
  const database = await createDatabase();
  const { temporalAddress, redisUrl } = testStack();
  const namespace = await createNamespace();
  const project = uniqueName('flights');
  const settings = settingsFor(directory.path, {
    project,
    catalogUrl: database.url,
    redisUrl,
    temporal: { address: temporalAddress, namespace },
  });
  const catalog = await openCatalog({ url: database.url, poolSize: 2 });
  await catalog.definitions.apply({
    project,
    base: 0,
    manifest: flightsManifest(project, `${inputs.path}/*.csv`),
    bundle: { hash: '4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945', code: '[]' },
  });
  const workers = await Promise.all(WORKER_KINDS.map((kind) => startWorker(kind, settings)));
  const running = Promise.all(workers.map((worker) => worker.run()));
  const connection = await Connection.connect({ address: temporalAddress });
  return {
    settings,
    project,
    catalog,
    client: new Client({ connection, namespace }),
    inputDirectory: inputs.path,
    writeInput: (name, lines) => writeFileSync(path.join(inputs.path, name), `${[HEADER, ...lines].join('\n')}\n`),
    async close() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await catalog.close();
      await database.drop();
      directory.remove();
      inputs.remove();
    },
  };
}

const HEADER = 'date,origin,delay';

function flightsManifest(project: string, inputPath: string): Manifest {
  const feature = { default: null, pii: false, transform: null } as const;
  const view = {
    kind: 'feature',
    entities: ['airport'],
    keys: [{ name: 'origin', type: 'string', column: 'origin' }],
    source: 'flights',
    ttlMicros: null,
    delayMicros: 0,
    asKnown: false,
    online: true,
    offline: true,
    options: { freshnessMicros: null, schedule: null, engine: 'auto', cacheMicros: null, expectations: [] },
  } as const;
  return {
    format: MANIFEST_FORMAT,
    project,
    fingerprint: 'a'.repeat(64),
    entities: [{ name: 'airport', keys: [{ name: 'origin', type: 'string' }] }],
    sources: [
      {
        kind: 'file',
        name: 'flights',
        fingerprint: 'b'.repeat(64),
        path: inputPath,
        format: 'csv',
        columns: [
          { name: 'date', type: 'timestamp', from: 'date' },
          { name: 'origin', type: 'string', from: 'origin' },
          { name: 'delay', type: 'int64', from: 'delay' },
        ],
        timestamp: 'date',
        created: null,
        eventId: null,
        operation: null,
        primaryKey: [],
        timezone: null,
        allowedLatenessMicros: null,
        schedule: null,
        contract: { columns: 'evolve', types: 'freeze' },
        expectations: [
          {
            type: 'expect_column_values_to_not_be_null',
            level: 'row',
            arguments: { column: 'origin' },
            severity: 'critical',
            onFailure: 'quarantine',
          },
          {
            type: 'expect_column_max_to_be_between',
            level: 'column',
            arguments: { column: 'delay', max_value: 1000 },
            severity: 'critical',
            onFailure: 'fail',
          },
        ],
      },
    ],
    views: [
      {
        ...view,
        name: 'delays',
        fingerprint: 'c'.repeat(64),
        mode: 'aggregate',
        features: [
          {
            ...feature,
            kind: 'aggregate',
            name: 'flights_1d',
            featureType: 'numeric',
            valueType: 'int64',
            function: 'count',
            column: null,
            window: { kind: 'duration', micros: 86_400_000_000, resolutionMicros: 900_000_000 },
            where: [],
            maxEvents: 10_000,
          },
        ],
      },
      {
        ...view,
        name: 'latest',
        fingerprint: 'd'.repeat(64),
        mode: 'asof',
        features: [
          {
            ...feature,
            kind: 'column',
            name: 'delay',
            featureType: 'numeric',
            valueType: 'int64',
            column: 'delay',
          },
        ],
      },
    ],
    aliases: [],
    services: [],
  };
}
