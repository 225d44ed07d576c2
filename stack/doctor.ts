/** `asof doctor`: what every command would use, whether it works, and how to mend what does not. */
import type { Settings } from '../contracts/config.ts';
import { messageOf } from '../contracts/errors.ts';
import { askSparkVersion, openSpark } from '../engine/spark/thrift-spark.ts';
import { ADDRESS_VARIABLES, COMPONENT_NAMES, EXTRA_COMPONENT_NAMES, type ComponentName } from './component.ts';
import { COMPONENTS, configuredAddress } from './components.ts';
import { needsEmbeddedKafka } from './embedded-kafka.ts';
import { findPostgresProblem } from './postgres-probe.ts';
import { askRedis } from './redis-probe.ts';
import { findRunning } from './run-records.ts';
import { needsEmbeddedS3, withEmbeddedS3 } from './s3-lake-server.ts';
import { checkNamespace } from './temporal-api.ts';

export interface Finding {
  readonly name: ComponentName | 'lake' | 'spark';
  /** `missing`: there is nothing to start or to connect to. `broken`: there is, and it does not work. */
  readonly state: 'ok' | 'missing' | 'broken';
  readonly detail: string;
  /** What to do; empty when nothing is to be done. */
  readonly mend: string;
}

/** One finding for each component that is used, one for a lake on S3 and one for a Spark, without starting or installing anything. */
export async function examineComponents(settings: Settings): Promise<readonly Finding[]> {
  const isUsed = {
    s3: needsEmbeddedS3(settings),
    kafka: settings.kafkaBrokers !== null || needsEmbeddedKafka(settings),
  };
  const extras = EXTRA_COMPONENT_NAMES.filter(
    (name) => isUsed[name] || findRunning(settings.stateDirectory, name) !== undefined,
  );
  const names: readonly ComponentName[] = [...COMPONENT_NAMES, ...extras];
  const findings: Finding[] = [...(await Promise.all(names.map((name) => examine(name, settings))))];
  // afterwards: loading the SDK holds up the event loop, and with it the clocks of the others
  if (settings.lake.startsWith('s3://')) findings.push(await examineLake(settings));
  if (settings.spark.url !== null) findings.push(await examineSpark(settings.spark.url));
  return findings;
}

/** Only one that is configured is used; nothing embedded stands in for it. */
async function examineSpark(url: string): Promise<Finding> {
  const place = `configured at ${withoutPassword(url)}`;
  try {
    const version = await askSparkVersion(openSpark(url));
    return { name: 'spark', state: 'ok', detail: `${place}, version ${version.split(' ', 1)[0]}`, mend: '' };
  } catch (error) {
    const mend = 'start its Thrift server, or correct SPARK_URL or asof.config.ts';
    return { name: 'spark', state: 'broken', detail: `${place}: ${messageOf(error)}`, mend };
  }
}

async function examineLake(given: Settings): Promise<Finding> {
  const settings = withEmbeddedS3(given);
  if (needsEmbeddedS3(settings)) {
    return { name: 'lake', state: 'ok', detail: `${settings.lake} in the embedded S3 server`, mend: '' };
  }
  const place = `${settings.lake} at ${settings.s3.endpoint ?? `Amazon S3, region ${settings.s3.region}`}`;
  const { findBucketProblem } = await import('../lake/s3/examine.ts');
  const problem = await findBucketProblem(settings);
  return problem === undefined
    ? { name: 'lake', state: 'ok', detail: `${place}: reachable, conditional puts honoured`, mend: '' }
    : { name: 'lake', state: 'broken', detail: `${place}: ${problem}`, mend: LAKE_MEND };
}

const LAKE_MEND =
  'correct `lake`, `s3` or S3_ENDPOINT, give credentials by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `asof dev --with s3`';

async function examine(name: ComponentName, settings: Settings): Promise<Finding> {
  const configured = configuredAddress(settings, name);
  if (configured !== null) {
    const mend = `start the server, or correct ${ADDRESS_VARIABLES[name]} or asof.config.ts`;
    return judge(name, configured, 'configured', mend, settings);
  }
  const running = findRunning(settings.stateDirectory, name)?.address ?? null;
  if (running !== null) return judge(name, running, 'embedded, running', 'run `asof down`, then `asof dev`', settings);
  const located = await COMPONENTS[name].locate();
  return located.found
    ? { name, state: 'ok', detail: `embedded, started on demand from ${located.program}`, mend: '' }
    : { name, state: 'missing', detail: `looked at ${located.looked.join('; ')}`, mend: located.mend };
}

async function judge(
  name: ComponentName,
  address: string,
  how: string,
  mend: string,
  settings: Settings,
): Promise<Finding> {
  const place = `${how} at ${withoutPassword(address)}`;
  const problem = await findProblem(name, address, settings.temporal.namespace);
  return problem === undefined
    ? { name, state: 'ok', detail: place, mend: '' }
    : { name, state: 'broken', detail: `${place}: ${problem}`, mend };
}

async function findProblem(name: ComponentName, address: string, namespace: string): Promise<string | undefined> {
  switch (name) {
    case 'catalog':
      return findPostgresProblem(address);
    case 'redis': {
      const answer = await askRedis(address);
      return answer.answers ? undefined : answer.problem;
    }
    case 'temporal':
      return checkNamespace(address, namespace).then(() => undefined, messageOf);
    case 's3':
      return findHttpProblem(address);
    case 'kafka': {
      const { askClusterId } = await import('../streaming/kafka-client.ts');
      return askClusterId(address.split(',')).then(() => undefined, messageOf);
    }
  }
}

/** Any answer will do: whether the bucket can be used is the lake's finding. */
async function findHttpProblem(address: string): Promise<string | undefined> {
  return fetch(address, { signal: AbortSignal.timeout(2_000) }).then(() => undefined, messageOf);
}

/** Addresses are shown to people and in logs: without their password. */
function withoutPassword(address: string): string {
  return address.replace(/^(\w+:\/\/[^:@/]*):[^@]*@/, '$1:***@');
}
