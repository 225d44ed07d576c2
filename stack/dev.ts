/** The development stack of one project directory: `asof dev` and `asof down`. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import {
  EXTRA_PROCESS_NAMES,
  PROCESS_NAMES,
  type DevStack,
  type ProcessName,
  type Settings,
} from '../contracts/config.ts';
import { startAsofProcess, type AsofProcessName } from './asof-processes.ts';
import { COMPONENT_NAMES, EXTRA_COMPONENT_NAMES, type ComponentName, type Report } from './component.ts';
import { configuredAddress, provideComponents, startComponents, stopProcess, stopProcesses } from './components.ts';
import { needsEmbeddedKafka } from './embedded-kafka.ts';
import { withLock } from './lock.ts';
import { findRunning, readJson, readRecords, runLock, writeJson, writeRecord, type RunRecord } from './run-records.ts';
import { bucketOf, needsEmbeddedS3 } from './s3-lake-server.ts';
import { registerSearchAttributes } from './temporal-api.ts';
import { withAddresses } from './with-components.ts';

const LOCK_WAIT_MILLIS = 300_000;

export interface StackOptions {
  /** Default: all. A component for which the settings name a server is never started. */
  readonly processes?: readonly ProcessName[];
  /** Components beside the usual ones. */
  readonly with?: readonly (typeof EXTRA_COMPONENT_NAMES)[number][];
  readonly report?: Report;
}

/**
 * Starts what does not run yet and returns when everything is ready. The processes live on when the caller ends, and
 * hold none of its descriptors. A failed start stops what it had started, and leaves alone what ran before.
 */
export async function startStack(
  settings: Settings,
  { processes = PROCESS_NAMES, with: extras = [], report = () => undefined }: StackOptions = {},
): Promise<DevStack> {
  const directory = settings.stateDirectory;
  const needed = { s3: needsEmbeddedS3(settings), kafka: needsEmbeddedKafka(settings) };
  const wanted: readonly ComponentName[] = [
    ...COMPONENT_NAMES.filter((name) => processes.includes(name)),
    ...EXTRA_COMPONENT_NAMES.filter((name) => extras.includes(name) || needed[name]),
  ];
  const components = wanted.filter((name) => configuredAddress(settings, name) === null);
  await provideComponents(
    components.filter((name) => findRunning(directory, name) === undefined),
    report,
  );
  return withLock(runLock(directory), LOCK_WAIT_MILLIS, async () => {
    const known = [...PROCESS_NAMES, ...EXTRA_PROCESS_NAMES];
    const before = new Set(known.filter((name) => findRunning(directory, name) !== undefined));
    try {
      const connected = await startAll(settings, components, processes.filter(isAsofProcess), report);
      const stack = describeStack(connected);
      writeJson(stackFile(settings), stack);
      return stack;
    } catch (error) {
      await stopProcesses(directory, ({ name }) => !before.has(name));
      throw error;
    }
  });
}

/**
 * Stops every process of the stack, those of a crashed one included, and returns after the last one has exited. The
 * data stay. Returns the names of the processes that were stopped.
 */
export async function stopStack(settings: Settings): Promise<readonly ProcessName[]> {
  if (readRecords(settings.stateDirectory).length === 0 && readJson(stackFile(settings)) === undefined) return [];
  return withLock(runLock(settings.stateDirectory), LOCK_WAIT_MILLIS, async () => {
    rmSync(stackFile(settings), { force: true });
    return stopProcesses(settings.stateDirectory, () => true);
  });
}

/** The stack with those of its processes that run; undefined when there is none, or nothing of it runs any more. */
export function readStack(settings: Settings): DevStack | undefined {
  const stack = readJson<DevStack>(stackFile(settings));
  if (stack === undefined) return undefined;
  const processes = stack.processes.filter(
    ({ name, pid }) => findRunning(settings.stateDirectory, name)?.process.pid === pid,
  );
  return processes.length === 0 ? undefined : { ...stack, processes };
}

/** Writes down which processes are the stack's by now; to be called under the run lock. */
export function rewriteStackProcesses(settings: Settings): void {
  const stack = readJson<DevStack>(stackFile(settings));
  if (stack !== undefined) writeJson(stackFile(settings), { ...stack, processes: devRecords(settings).map(processOf) });
}

function devRecords({ stateDirectory }: Settings): readonly RunRecord[] {
  return readRecords(stateDirectory).filter(({ owner }) => owner === 'dev');
}

function processOf({ name, process }: RunRecord): DevStack['processes'][number] {
  return { name, pid: process.pid };
}

async function startAll(
  settings: Settings,
  components: readonly ComponentName[],
  processes: readonly AsofProcessName[],
  report: Report,
): Promise<Settings> {
  const directory = settings.stateDirectory;
  const { address, namespace } = settings.temporal;
  const options = { namespace, bucket: bucketOf(settings), ports: 'default', durable: true } as const;
  await startComponents(directory, components, 'dev', options, report);
  if (address !== null && processes.length > 0) await registerSearchAttributes(address, namespace);
  const connected = withAddresses(
    settings,
    COMPONENT_NAMES.filter((name) => configuredAddress(settings, name) === null),
  );
  const moved = haveAddressesChanged(readJson<DevStack>(stackFile(settings)), connected);
  if (moved) await stopProcesses(directory, ({ name }) => isAsofProcess(name));
  const outcomes = await Promise.allSettled(
    processes.map(async (name) => {
      if (findRunning(directory, name) !== undefined) return;
      const ended = await stopProcess(directory, name);
      await startAsofProcess(name, connected, {
        ports: ended?.ports ?? 'default',
        launched: (running) => writeRecord(directory, { ...running, owner: 'dev' }),
      });
      report(`${name} is ready`);
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return connected;
}

/** A process keeps the addresses that it was started with. */
function haveAddressesChanged(stack: DevStack | undefined, now: Settings): boolean {
  if (stack === undefined) return false;
  return (
    stack.catalog.url !== now.catalogUrl ||
    stack.redis.url !== now.redisUrl ||
    (now.lake.startsWith('s3://') && (stack.s3?.endpoint ?? null) !== now.s3.endpoint) ||
    (stack.kafka?.brokers.join() ?? null) !== (now.kafkaBrokers?.join() ?? null) ||
    stack.temporal.address !== now.temporal.address
  );
}

/** An address that nothing answers on is the empty text. */
function describeStack(settings: Settings): DevStack {
  const running = devRecords(settings);
  const find = (name: ProcessName) => running.find((record) => record.name === name);
  return {
    api: { url: find('api')?.address ?? '' },
    temporal: {
      address: settings.temporal.address ?? '',
      ui: find('temporal')?.ui ?? '',
      namespace: settings.temporal.namespace,
    },
    redis: { url: settings.redisUrl ?? '' },
    catalog: { url: settings.catalogUrl ?? '' },
    ...(settings.s3.endpoint !== null && { s3: { endpoint: settings.s3.endpoint, bucket: bucketOf(settings) } }),
    ...(settings.kafkaBrokers !== null && { kafka: { brokers: settings.kafkaBrokers } }),
    processes: running.map(processOf),
  };
}

function isAsofProcess(name: ProcessName): name is AsofProcessName {
  return !([...COMPONENT_NAMES, ...EXTRA_COMPONENT_NAMES] as readonly ProcessName[]).includes(name);
}

function stackFile(settings: Settings): string {
  return path.join(settings.stateDirectory, 'dev.json');
}
