/** Online reads of one project by names: definitions, plan and stores behind one call. */
import type { Catalog } from '../catalog/catalog.ts';
import type { FeatureRequest } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import { formatFeatureDocument, type OnlineFeaturesResult } from '../online/feature-document.ts';
import { createLakeReader, type LakeQuestion } from '../online/lake-reader.ts';
import { readOnlineVectors, type OnlineVectors } from '../online/online-reads.ts';
import type { ReadDeadline } from '../online/read-deadline.ts';
import type { RequestColumns } from '../online/read-request.ts';
import { createRecordedPositions } from '../online/recorded-positions.ts';
import type { RedisClient } from '../online/redis-client.ts';
import type { ServedSampler } from '../online/served-sampler.ts';
import { createStateCache, type CacheReadings } from '../online/state-cache.ts';
import { createWriteBack } from '../online/write-back.ts';
import { openDefinitions } from './applied-definitions.ts';
import { createServingDefinitions } from './serving-definitions.ts';

export interface FeatureReaderDependencies {
  readonly project: string;
  readonly catalog: Catalog;
  readonly redis: RedisClient;
  readonly lake: Lake;
  readonly engine: Engine;
  /** Stands around each read of the lake: a server bounds them. */
  readonly aroundLake?: <T>(read: () => Promise<T>, deadline: ReadDeadline | undefined) => Promise<T>;
  /** Default: nothing of what is read is kept for a check. */
  readonly sampler?: ServedSampler;
}

export interface NamedFeatureRequest extends FeatureRequest {
  /** Spine column to one key for each entity. */
  readonly entities: RequestColumns;
  readonly request?: RequestColumns;
  /** Default: the clock. */
  readonly at?: Micros;
  readonly deadline?: ReadDeadline;
  /** How long Redis may take. Default: that of its client. */
  readonly storeMillis?: number;
}

export interface FeatureReader {
  /** The document. Throws `NOTHING_APPLIED`, `UNKNOWN_NAME`, `INVALID_VALUE`, `KEY_TYPE_MISMATCH` or `LIMIT_EXCEEDED`. */
  read(request: NamedFeatureRequest): Promise<OnlineFeaturesResult>;
  /** The same as cells, for other documents. */
  readVectors(request: NamedFeatureRequest): Promise<OnlineVectors>;
  /** Names of the request columns that the features need beside keys. */
  requestColumns(named: FeatureRequest): Promise<ReadonlySet<string>>;
  /** Of the states held in this process. */
  readonly cache: CacheReadings;
  /** Stops listening for new definitions, and writing back what the lake answered. */
  close(): Promise<void>;
}

/** Keeps the project's newest definitions at hand; an `apply` is noticed within a second. */
export async function openFeatureReader(dependencies: FeatureReaderDependencies): Promise<FeatureReader> {
  const { project, catalog, redis, sampler, aroundLake = (read) => read() } = dependencies;
  const lake = createLakeReader(dependencies);
  const writeBack = createWriteBack({ ...dependencies, aroundLake: (work) => aroundLake(work, undefined) });
  const positions = createRecordedPositions(catalog.intervals);
  const cache = createStateCache();
  const online = {
    project,
    redis,
    positions,
    cache,
    writeBack,
    lake: { read: (question: LakeQuestion) => aroundLake(() => lake.read(question), question.deadline) },
  };
  const definitions = await openDefinitions(catalog, project);
  const serving = createServingDefinitions({ project, catalog, redis, positions, definitions });
  const readVectors = async (request: NamedFeatureRequest): Promise<OnlineVectors> => {
    const { plan, runtime, version } = await serving.of(request);
    const begun = await sampler?.begin(plan);
    // each by its name: to copy whatever is there takes longer than all of this
    const { entities, request: inputs, at, deadline, storeMillis } = request;
    const vectors = await readOnlineVectors(online, {
      plan,
      runtime,
      entities,
      request: inputs,
      at,
      deadline,
      storeMillis,
    });
    if (begun !== undefined) {
      const { features, service } = request;
      const named = { ...(features && { features }), ...(service !== undefined && { service }) };
      sampler?.keep(begun, { request: named, definitions: version, plan, inputs: inputs ?? {}, vectors });
    }
    return vectors;
  };
  return {
    read: async (request) => formatFeatureDocument(await readVectors(request)),
    readVectors,
    async requestColumns(named) {
      const { plan } = await serving.of(named);
      return new Set(plan.requestColumns.map(({ name }) => name));
    },
    get cache() {
      return cache.readings;
    },
    async close() {
      await writeBack.close();
      await definitions.close();
    },
  };
}
