/**
 * Run as a program by tests of ingestion: ingests the first source of a manifest as one run, and is killed by its own hand at a moment of
 * the way: `killed-ingestion-starter.ts '{ … Ingestion … }'`.
 */
import path from 'node:path';
import type { Catalog } from '../../catalog/catalog.ts';
import { openCatalog } from '../../catalog/postgres.ts';
import type { Manifest } from '../../contracts/manifest.ts';
import { openEngine } from '../../engine/duckdb.ts';
import { planIngestion } from '../../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../../ingestion/publish-ingestion.ts';
import { stageGroup } from '../../ingestion/stage-group.ts';
import { LocalLake } from '../../lake/local-lake.ts';
import { openTopicClient } from '../../streaming/kafka-client.ts';

export interface Ingestion {
  readonly catalogUrl: string;
  /** For a source of Kafka. */
  readonly brokers?: readonly string[];
  /** With the lake in `lake`, as a world of the ingestion tests has it. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly runId: string;
  readonly killed: 'planned' | 'staged' | 'committed';
}

const { catalogUrl, brokers, folder, manifest, runId, killed } = JSON.parse(process.argv[2] ?? '{}') as Ingestion;
const catalog = await openCatalog({ url: catalogUrl, poolSize: 2 });
const lake = await LocalLake.open(path.join(folder, 'lake'), manifest.project);
const engine = await openEngine({
  memoryLimit: '512MB',
  threads: 1,
  tempDirectory: path.join(folder, '.spill-of-killed'),
  allowedDirectories: [folder],
});
const tables: Catalog['tables'] = {
  ...catalog.tables,
  async commit(commit) {
    if (killed === 'committed') await catalog.tables.commit(commit);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  },
};
const dependencies = { catalog: { ...catalog, tables }, lake, engine, topics: brokers && openTopicClient({ brokers }) };
const source = manifest.sources[0]?.name ?? '';
const { planUri, groups } = await planIngestion(dependencies, { manifest, source, runId });
if (killed === 'planned') process.kill(process.pid, 'SIGKILL');
for (let group = 0; group < groups; group++) await stageGroup(dependencies, { planUri, group });
await publishIngestion(dependencies, { planUri });
