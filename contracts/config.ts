/** Settings: what `asof.config.ts` says, completed by the environment and the embedded defaults. */

import type { PayloadKeys } from './payload-keys.ts';

/** The object that `asof.config.ts` exports by default. Relative paths are relative to the project directory. */
export interface AsofConfig {
  readonly project: string;
  /** A file, a list of files, or globs. */
  readonly definitions: string | readonly string[];
  /** A directory or `s3://bucket/prefix`. Default: `.asof/lake`. */
  readonly lake?: string;
  /** `postgres://…`. Default: the embedded PostgreSQL under `.asof/catalog`. */
  readonly catalog?: string;
  /** `redis://…`. Default: the embedded Redis. */
  readonly redis?: string;
  readonly temporal?: { readonly address?: string; readonly namespace?: string };
  readonly kafka?: { readonly brokers?: readonly string[] };
  readonly s3?: {
    readonly endpoint?: string;
    readonly region?: string;
    readonly forcePathStyle?: boolean;
    /** Local copies of a lake on S3, of each project: a size such as `20GB`. Default: `10GB`. */
    readonly cacheSize?: string;
  };
  /**
   * A Spark Thrift server: `thrift://host:10000`. Views whose engine is `auto` go to it when their files hold more bytes than
   * `autoAbove`, a size such as `20GB`. Default: `64GB`.
   */
  readonly spark?: { readonly url?: string; readonly autoAbove?: string };
  readonly auth?: Readonly<Record<string, unknown>>;
}

/** A configuration made by a program: definitions may come by calls alone. */
export type CodeConfig = Omit<AsofConfig, 'definitions'> & Partial<Pick<AsofConfig, 'definitions'>>;

/** Everything a command or process needs to know. A null address means the embedded component. */
export interface Settings {
  /** Absolute. */
  readonly projectDirectory: string;
  /** `.asof` in the project directory: embedded components, staging, logs, `dev.json`. */
  readonly stateDirectory: string;
  readonly project: string;
  /** Absolute paths of definition files, sorted. */
  readonly definitions: readonly string[];
  /** Absolute directory or `s3://…`. */
  readonly lake: string;
  readonly catalogUrl: string | null;
  readonly redisUrl: string | null;
  readonly temporal: {
    readonly address: string | null;
    readonly namespace: string;
    /** `ASOF_PAYLOAD_KEYS` or the file that `ASOF_PAYLOAD_KEYS_FILE` names; without them payloads are in clear text. */
    readonly payloadKeys?: PayloadKeys | undefined;
    /** `ASOF_CODEC_ORIGINS`: pages beside those of this machine that may read payloads through the API. */
    readonly codecOrigins?: readonly string[] | undefined;
  };
  readonly kafkaBrokers: readonly string[] | null;
  readonly s3: {
    readonly endpoint: string | null;
    readonly region: string;
    readonly forcePathStyle: boolean;
    /** Keys of the embedded server; null for the AWS SDK's own chain, the only other place that credentials come from. */
    readonly credentialsFile: string | null;
  };
  /** Local copies of objects on S3: `ASOF_LAKE_CACHE` and `ASOF_LAKE_CACHE_SIZE`. */
  readonly lakeCache: { readonly directory: string; readonly bytes: number };
  /** `SPARK_URL`; null when there is none. */
  readonly spark: { readonly url: string | null; readonly autoAboveBytes: number };
  /** The engine's bounds. */
  readonly engine: {
    /** `ASOF_MEMORY_LIMIT`, default `2GB`. */
    readonly memoryLimit: string;
    /** `ASOF_THREADS`, default all cores. */
    readonly threads: number;
    /** `ASOF_SPILL_LIMIT`: what it may put on disk at once beyond its memory; default nine tenths of what is free. */
    readonly spillLimit?: string;
    /** `ASOF_QUERY_TIMEOUT`: for how long SQL of users may run, default 15 minutes. */
    readonly queryMillis?: number;
  };
  readonly worker: WorkerSettings;
}

/** What a worker process is told beside its kind. */
export interface WorkerSettings {
  /** Its version: a build of the deployment. Null for a worker without versions, which takes whatever comes. */
  readonly version: { readonly deployment: string; readonly buildId: string } | null;
  /** Resident memory of the process above which it takes no new work and ends. Null for no limit. */
  readonly memoryLimitBytes: number | null;
  /** `host:port` where its metrics are read; null for nowhere. */
  readonly metricsAddress: string | null;
}

/** `.asof/dev.json`: where a running embedded stack answers. */
export interface DevStack {
  readonly api: { readonly url: string };
  readonly temporal: { readonly address: string; readonly ui: string; readonly namespace: string };
  readonly redis: { readonly url: string };
  readonly catalog: { readonly url: string };
  /** When it was asked for; its keys stand in `.asof/s3/credentials`, in the form of every AWS tool. */
  readonly s3?: { readonly endpoint: string; readonly bucket: string };
  /** When it was asked for: `host:port` each. */
  readonly kafka?: { readonly brokers: readonly string[] };
  readonly processes: readonly { readonly name: ProcessName; readonly pid: number }[];
}

/** Of every stack. */
export const PROCESS_NAMES = [
  'temporal',
  'redis',
  'catalog',
  'worker-orchestration',
  'worker-compute',
  'worker-serving',
  'api',
] as const;
/** Of a stack that was asked for more, or whose data stand there. */
export const EXTRA_PROCESS_NAMES = ['s3', 'kafka'] as const;
export type ProcessName = (typeof PROCESS_NAMES)[number] | (typeof EXTRA_PROCESS_NAMES)[number];

export const TASK_QUEUES = {
  orchestration: 'asof-orchestration',
  compute: 'asof-compute',
  /** Polled by the compute workers with slots of its own, so that a backfill never stands before fresh data. */
  backfill: 'asof-backfill',
  serving: 'asof-serving',
  /** Polled by the serving workers with slots of its own: a consumer of a topic holds one for as long as its stream runs. */
  streaming: 'asof-streaming',
} as const;
