/** How many shards a retrieval is split into when nobody says. */
import type { TableCatalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import { sourceTable } from './view-coverage.ts';

/** What a shard holds of a request in typed arrays, beside the engine, at its peak. */
const REQUEST_BYTES = 80;
/** Their part of the memory limit. Another eighth is for what stands in no account: code, buffers, garbage. */
const REQUESTS_SHARE = 1 / 8;
/** Bytes of the limit for each event of a windowed view: they are sorted, and as-of rows stream past. */
const EVENT_BYTES = 80;
/** Each shard reads the events again, so that events alone never ask for more; a sort that is too large spills. */
const MOST_EVENT_SHARDS = 64;
const MOST_SHARDS = 1024;

/**
 * By the spine's rows, those of the largest source of a windowed view at the pinned snapshots, and the memory limit.
 * Throws `ENGINE_OUT_OF_MEMORY` when no sensible number of shards makes one fit.
 */
export async function chooseShards(
  tables: TableCatalog,
  input: {
    readonly project: string;
    readonly plan: FeaturePlan;
    readonly snapshots: Readonly<Record<string, number>>;
    readonly spineRows: number;
    readonly memoryBytes: number;
  },
): Promise<number> {
  const { project, plan, snapshots, spineRows, memoryBytes } = input;
  const windowed = plan.views.filter(({ view }) => view.mode === 'aggregate');
  const sources = new Map(windowed.map(({ source }) => [source.name, source]));
  const counts = await Promise.all(
    [...sources.values()].map(async (source) => {
      const { files } = await tables.files(sourceTable(project, source), snapshots[source.name]);
      return files.reduce((total, { rows }) => total + rows, 0);
    }),
  );
  const forRequests = Math.ceil((spineRows * REQUEST_BYTES) / (memoryBytes * REQUESTS_SHARE));
  if (forRequests > MOST_SHARDS) {
    const problem = `${spineRows} rows in ${MOST_SHARDS} shards do not fit`;
    throw new AsofError('ENGINE_OUT_OF_MEMORY', { where: 'spine', problem });
  }
  const forEvents = Math.max(0, ...counts.map((rows) => Math.ceil((rows * EVENT_BYTES) / memoryBytes)));
  return Math.max(forRequests, Math.min(forEvents, MOST_EVENT_SHARDS), 1);
}
