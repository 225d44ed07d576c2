import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseByteSize } from '../../contracts/byte-size.ts';
import type { AsofConfig, CodeConfig, Settings } from '../../contracts/config.ts';
import { AsofError, messageOf } from '../../contracts/errors.ts';
import { parsePayloadKeys, type PayloadKeys } from '../../contracts/payload-keys.ts';
import { parseDuration } from '../../contracts/time.ts';
import { bundleModules } from './bundle.ts';
import { parseCodeConfig, parseConfig } from './config.ts';
import { evaluateBundle } from './evaluation.ts';
import { findFiles, isGlob } from './glob.ts';
import { workerSettings } from './worker-settings.ts';

const CONFIG_FILE = 'asof.config.ts';
const STATE_DIRECTORY = '.asof';
/** Stands for the file in errors about a configuration made by a program. */
const CODE_CONFIG = 'the configuration';

/**
 * The settings of a project: `asof.config.ts` of the directory (default: the working directory) or its nearest parent
 * that has one, overridden by the environment, completed with the embedded defaults. Throws `PROJECT_NOT_FOUND` and
 * `CONFIG_INVALID`.
 */
export async function loadSettings(
  options: { readonly directory?: string | undefined; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<Settings> {
  const directory = path.resolve(options.directory ?? '.');
  const environment = options.environment ?? process.env;
  const projectDirectory = findProject(directory);
  return resolveSettings(await readConfig(projectDirectory), projectDirectory, environment);
}

/**
 * The settings of a configuration made by a program, which has no definition files of its own. `directory` is where
 * relative paths start and `.asof` stands. Throws `CONFIG_INVALID`.
 */
export async function settingsOf(
  config: CodeConfig,
  directory: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Settings> {
  return resolveSettings(parseCodeConfig(config, CODE_CONFIG), path.resolve(directory), environment);
}

async function resolveSettings(
  config: CodeConfig,
  projectDirectory: string,
  environment: NodeJS.ProcessEnv,
): Promise<Settings> {
  const stateDirectory = path.join(projectDirectory, STATE_DIRECTORY);
  const endpoint =
    fromEnvironment(environment, 'S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL') ??
    config.s3?.endpoint ??
    null;
  return {
    projectDirectory,
    stateDirectory,
    project: config.project,
    definitions: await findDefinitions(config.definitions, projectDirectory),
    lake: resolveLake(fromEnvironment(environment, 'ASOF_LAKE_URL') ?? config.lake, projectDirectory),
    catalogUrl: fromEnvironment(environment, 'ASOF_CATALOG_URL') ?? config.catalog ?? null,
    redisUrl: fromEnvironment(environment, 'REDIS_URL') ?? config.redis ?? null,
    temporal: {
      address: fromEnvironment(environment, 'TEMPORAL_ADDRESS') ?? config.temporal?.address ?? null,
      namespace: fromEnvironment(environment, 'TEMPORAL_NAMESPACE') ?? config.temporal?.namespace ?? 'default',
      payloadKeys: payloadKeys(environment, projectDirectory),
      codecOrigins: listFrom(fromEnvironment(environment, 'ASOF_CODEC_ORIGINS')),
    },
    kafkaBrokers: listFrom(fromEnvironment(environment, 'KAFKA_BROKERS')) ?? config.kafka?.brokers ?? null,
    s3: {
      endpoint,
      region: fromEnvironment(environment, 'AWS_REGION', 'AWS_DEFAULT_REGION') ?? config.s3?.region ?? 'us-east-1',
      // servers other than Amazon's rarely have a host name for each bucket
      forcePathStyle: config.s3?.forcePathStyle ?? endpoint !== null,
      credentialsFile: null,
    },
    lakeCache: {
      directory: path.resolve(
        projectDirectory,
        fromEnvironment(environment, 'ASOF_LAKE_CACHE') ?? path.join(stateDirectory, 'cache'),
      ),
      bytes: cacheBytes(fromEnvironment(environment, 'ASOF_LAKE_CACHE_SIZE') ?? config.s3?.cacheSize ?? '10GB'),
    },
    spark: {
      url: fromEnvironment(environment, 'SPARK_URL') ?? config.spark?.url ?? null,
      autoAboveBytes: autoAboveBytes(config),
    },
    engine: engineSettings(environment),
    worker: workerSettings((name) => fromEnvironment(environment, name)),
  };
}

/** Below it one machine is quicker: a job of Spark's takes seconds to begin. */
const AUTO_ABOVE = '64GB';

function autoAboveBytes(config: CodeConfig): number {
  const given = config.spark?.autoAbove ?? AUTO_ABOVE;
  const bytes = parseByteSize(given);
  if (bytes !== undefined) return bytes;
  throw new AsofError('USAGE', { problem: `spark.autoAbove is "${given}"; write a size such as 20GB` });
}

function findProject(start: string): string {
  for (let directory = start; ; directory = path.dirname(directory)) {
    if (existsSync(path.join(directory, CONFIG_FILE))) return directory;
    if (directory === path.dirname(directory)) throw new AsofError('PROJECT_NOT_FOUND', { directory: start });
  }
}

async function readConfig(projectDirectory: string): Promise<AsofConfig> {
  const file = path.join(projectDirectory, CONFIG_FILE);
  try {
    const code = await bundleModules(`export { default } from './${CONFIG_FILE}';`, projectDirectory);
    return parseConfig(evaluateBundle(code).default, file);
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== 'DEFINITIONS_UNLOADABLE') throw error;
    throw new AsofError('CONFIG_INVALID', { file, problem: String(error.details.problem) }, error);
  }
}

async function findDefinitions(given: CodeConfig['definitions'], projectDirectory: string): Promise<readonly string[]> {
  const found = await Promise.all(
    [given ?? []]
      .flat()
      .map((pattern) =>
        isGlob(pattern)
          ? findFiles(pattern, projectDirectory)
          : Promise.resolve([path.resolve(projectDirectory, pattern)]),
      ),
  );
  return [...new Set(found.flat())].sort();
}

function resolveLake(given: string | undefined, projectDirectory: string): string {
  if (given === undefined) return path.join(projectDirectory, STATE_DIRECTORY, 'lake');
  if (given.startsWith('s3://')) return given.replace(/\/+$/, '');
  return path.resolve(projectDirectory, given.startsWith('file://') ? fileURLToPath(given) : given);
}

/** From the environment or a file of its own only: a configuration is kept with the code. */
function payloadKeys(environment: NodeJS.ProcessEnv, projectDirectory: string): PayloadKeys | undefined {
  const [text, file] = ['ASOF_PAYLOAD_KEYS', 'ASOF_PAYLOAD_KEYS_FILE'].map((name) =>
    fromEnvironment(environment, name),
  );
  if (text !== undefined) return parsePayloadKeys(text, 'ASOF_PAYLOAD_KEYS');
  if (file === undefined) return undefined;
  const where = path.resolve(projectDirectory, file);
  try {
    return parsePayloadKeys(readFileSync(where, 'utf8'), where);
  } catch (error) {
    if (error instanceof AsofError) throw error;
    throw new AsofError('USAGE', { problem: `ASOF_PAYLOAD_KEYS_FILE: ${where} cannot be read: ${messageOf(error)}` });
  }
}

function engineSettings(environment: NodeJS.ProcessEnv): Settings['engine'] {
  const memoryLimit = fromEnvironment(environment, 'ASOF_MEMORY_LIMIT') ?? '2GB';
  const threads = Number(fromEnvironment(environment, 'ASOF_THREADS') ?? availableParallelism());
  if (!SIZE.test(memoryLimit)) {
    throw new AsofError('USAGE', { problem: `ASOF_MEMORY_LIMIT is "${memoryLimit}"; write a size such as 2GB` });
  }
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new AsofError('USAGE', { problem: `ASOF_THREADS is "${environment.ASOF_THREADS}"; write a number from 1` });
  }
  const spillLimit = fromEnvironment(environment, 'ASOF_SPILL_LIMIT');
  if (spillLimit !== undefined && !SIZE.test(spillLimit)) {
    throw new AsofError('USAGE', { problem: `ASOF_SPILL_LIMIT is "${spillLimit}"; write a size such as 50GB` });
  }
  const queryTimeout = fromEnvironment(environment, 'ASOF_QUERY_TIMEOUT');
  const queryMicros = queryTimeout === undefined ? undefined : parseDuration(queryTimeout);
  if (queryTimeout !== undefined && (queryMicros ?? 0) <= 0) {
    throw new AsofError('USAGE', { problem: `ASOF_QUERY_TIMEOUT is "${queryTimeout}"; write a duration such as 15m` });
  }
  return {
    memoryLimit,
    threads,
    ...(spillLimit !== undefined && { spillLimit }),
    ...(queryMicros !== undefined && { queryMillis: queryMicros / 1000 }),
  };
}

const SIZE = /^\d+(\.\d+)?\s*(B|[KMGT]i?B)$/i;

function cacheBytes(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined) return bytes;
  const problem = `the size of the lake's cache is "${text}"; write a size such as 10GB`;
  throw new AsofError('USAGE', { problem });
}

/** The first of the variables that is set to something. */
function fromEnvironment(environment: NodeJS.ProcessEnv, ...names: readonly string[]): string | undefined {
  return names.map((name) => environment[name]).find((value) => value !== undefined && value !== '');
}

function listFrom(text: string | undefined): readonly string[] | undefined {
  return text
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
