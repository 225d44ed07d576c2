import type { Catalog } from '../catalog/catalog.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { MaterializeResult } from '../contracts/runs.ts';
import { formatInstant, requireInstant } from '../contracts/time.ts';
import { sourceTable } from '../ingestion/plan-ingestion.ts';
import { materializeView, type MaterializationDependencies } from '../online/materialization.ts';
import type { RedisClient } from '../online/redis-client.ts';
import type { ComputeDependencies } from './dependencies.ts';
import { withSignal } from './heartbeat.ts';

export interface MaterializeViewInput {
  readonly project: string;
  readonly definitions: string;
  readonly view: string;
  readonly to: string;
  readonly rebuild?: boolean;
  readonly runId: string;
}

/** On the compute queue: it reads the lake with the engine and writes Redis. */
export interface MaterializationActivities {
  materializeView(input: MaterializeViewInput): Promise<MaterializeResult['views'][number]>;
}

export function createMaterializationActivities({
  catalog,
  definitions,
  lakeOf,
  withEngine,
  redis,
}: ComputeDependencies & { readonly redis: RedisClient }): MaterializationActivities {
  return {
    async materializeView({ project, definitions: fingerprint, view, to, rebuild = false, runId }) {
      const applied = await definitions.at(project, fingerprint);
      const { manifest } = applied;
      const runtime = await definitions.runtime(applied);
      const lake = await lakeOf(project);
      const done = await withSignal((signal) =>
        withEngine(lake, [], (engine) =>
          materializeView(
            { catalog, lake, engine, redis, landedOffsets: landedOffsetsOf(catalog, manifest) },
            { manifest, runtime, view, to: requireInstant(to, 'to'), rebuild, runId, signal },
          ),
        ),
      );
      const { written, unchanged, snapshot } = done;
      return { view, fingerprint: done.fingerprint, snapshot, to: formatInstant(done.to), written, unchanged };
    },
  };
}

/** Of a source that is a topic; of others nothing lands. */
function landedOffsetsOf(
  catalog: Pick<Catalog, 'tables'>,
  { project, sources }: Manifest,
): NonNullable<MaterializationDependencies['landedOffsets']> {
  return async (name, snapshot) => {
    const source = sources.find((one) => one.name === name);
    if (source?.kind !== 'kafka') return new Map();
    return catalog.tables.topicPositions(sourceTable(project, name), source.topic, snapshot);
  };
}
