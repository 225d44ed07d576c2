import type { Catalog } from '../catalog/catalog.ts';
import type { RedisClient } from '../online/redis-client.ts';
import type { TopicFollower } from '../streaming/topic-follower.ts';
import type { Engine } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import type { SparkSetup } from '../offline/spark/spark-views.ts';
import type { TopicReader } from '../sources/topic-reader.ts';
import type { DefinitionCache } from './definition-cache.ts';

/** What activities of every stage work with; the workers compose it. One set serves all projects of the namespace. */
export interface ActivityDependencies {
  readonly catalog: Catalog;
  readonly definitions: DefinitionCache;
}

/** What activities on data need beside it. */
export interface ComputeDependencies extends ActivityDependencies {
  readonly lakeOf: (project: string) => Promise<Lake>;
  /** Runs `work` with an engine that may read and write these directories and those of the project's lake. */
  readonly withEngine: <T>(
    lake: Lake,
    directories: readonly string[],
    work: (engine: Engine) => Promise<T>,
  ) => Promise<T>;
  /** Absent when no Kafka broker is named. */
  readonly topics?: TopicReader | undefined;
  /** Absent when no Spark is configured. */
  readonly spark?: SparkSetup | undefined;
}

/** What consumers of topics need beside it. */
export interface StreamDependencies extends ActivityDependencies {
  readonly redis: RedisClient;
  /** Absent when no Kafka broker is named. */
  readonly topics?: TopicReader | undefined;
  /** Of one consumer, which closes it. Absent when no Kafka broker is named. */
  readonly openFollower?: (() => TopicFollower) | undefined;
  /** Runs `work` with a small engine that reads no files. */
  readonly withEngine: <T>(work: (engine: Engine) => Promise<T>) => Promise<T>;
}
