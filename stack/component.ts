/** What every embedded component has in common: where its program is, and how it is started. */
import type { ProcessName } from '../contracts/config.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Those that every stack has. */
export const COMPONENT_NAMES = ['catalog', 'redis', 'temporal'] as const;
/** Those that a stack has when it is asked for them, or when the project's data stand in them. */
export const EXTRA_COMPONENT_NAMES = ['s3', 'kafka'] as const;
export type ComponentName = (typeof COMPONENT_NAMES)[number] | (typeof EXTRA_COMPONENT_NAMES)[number];

/** The environment variable that names a server to use instead of the embedded component. */
export const ADDRESS_VARIABLES: Readonly<Record<ComponentName, string>> = {
  catalog: 'ASOF_CATALOG_URL',
  redis: 'REDIS_URL',
  temporal: 'TEMPORAL_ADDRESS',
  s3: 'S3_ENDPOINT',
  kafka: 'KAFKA_BROKERS',
};

/** Takes one line of progress, for a person. */
export type Report = (line: string) => void;

export type Located =
  | { readonly found: true; readonly program: string }
  /** `looked`: every place that was looked at, in order. `mend`: what a person can do. */
  | { readonly found: false; readonly looked: readonly string[]; readonly mend: string };

export interface Component {
  readonly name: ComponentName;
  /** Finds the program on this machine. Never downloads or installs. */
  locate(): Promise<Located>;
  /** The program, installed first when `locate` finds none. Throws `COMPONENT_MISSING` with all places and the mend. */
  provide(report: Report): Promise<string>;
  /** Starts the program and returns once it answers. Throws `COMPONENT_FAILED` with the end of its log. */
  start(program: string, options: StartOptions): Promise<Running>;
}

export interface StartOptions {
  /** Absolute. Data goes to `<directory>/<component>`, the log to `<directory>/logs/<component>.log`. */
  readonly directory: string;
  /** The Temporal namespace that must exist. */
  readonly namespace: string;
  /** `default`: the usual ports when they are free. `free`: any free port. A list: these when they are free. */
  readonly ports: 'default' | 'free' | readonly number[];
  /** The bucket that an S3 server must have. Default: `asof`. */
  readonly bucket?: string;
  /** False trades safety against a power failure for speed; a killed process loses nothing either way. */
  readonly durable: boolean;
  /** Called as soon as the process exists, before it is ready, so that a crash of the caller leaves a trace of it. */
  readonly launched: (running: Running) => void;
}

/** A process of the stack. */
export interface Running {
  readonly name: ProcessName;
  readonly process: ProcessIdentity;
  readonly ready: boolean;
  /** A URL; `host:port` for Temporal and Kafka; null for a worker, and for any process until it is ready. */
  readonly address: string | null;
  /** The URL of the component's web pages. */
  readonly ui: string | null;
  readonly ports: readonly number[];
}
