/** Settings of a project directory that exists for one test. */
import path from 'node:path';
import type { Settings } from '../../contracts/config.ts';

/** Everything embedded, all state below `directory`, an engine small enough to run beside others. */
export function settingsFor(directory: string, overrides: Partial<Settings> = {}): Settings {
  return {
    projectDirectory: directory,
    stateDirectory: path.join(directory, '.asof'),
    project: 'test',
    definitions: [],
    lake: path.join(directory, '.asof', 'lake'),
    catalogUrl: null,
    redisUrl: null,
    temporal: { address: null, namespace: 'default' },
    kafkaBrokers: null,
    s3: { endpoint: null, region: 'us-east-1', forcePathStyle: true, credentialsFile: null },
    lakeCache: { directory: path.join(directory, '.asof', 'cache'), bytes: 1e9 },
    spark: { url: null, autoAboveBytes: 64e9 },
    engine: { memoryLimit: '1GB', threads: 2 },
    worker: { version: null, memoryLimitBytes: null, metricsAddress: null },
    ...overrides,
  };
}
