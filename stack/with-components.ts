/** Components for the duration of one command: the configured ones, those of a running stack, or started for it. */
import type { Settings } from '../contracts/config.ts';
import {
  askProcessesToEnd,
  configuredAddress,
  provideComponents,
  startComponents,
  stopProcesses,
} from './components.ts';
import type { ComponentName, Report, StartOptions } from './component.ts';
import { withEmbeddedKafka } from './embedded-kafka.ts';
import { endLease, endOwnLeases, leasedComponents, takeLease } from './leases.ts';
import { withLock } from './lock.ts';
import { onProcessEnd } from './process-end.ts';
import { findRunning, runLock, type RunRecord } from './run-records.ts';
import { bucketOf, needsEmbeddedS3, withEmbeddedS3 } from './s3-lake-server.ts';

/** Longer than the slowest start of a whole stack. */
const LOCK_WAIT_MILLIS = 300_000;

export interface AcquireOptions extends Partial<Pick<StartOptions, 'ports' | 'durable'>> {
  readonly report?: Report;
}

export interface AcquiredComponents {
  /** The settings with the address of every needed component filled in. */
  readonly settings: Settings;
  /** Stops what nobody else needs any more. Safe to call twice. */
  readonly release: () => Promise<void>;
}

/**
 * Runs `work` with settings in which the address of every needed component is set. Commands at work on one state
 * directory share the components that were started for them; the last one stops them.
 */
export async function withComponents<T>(
  settings: Settings,
  needs: readonly ComponentName[],
  work: (settings: Settings) => Promise<T>,
  options: AcquireOptions = {},
): Promise<T> {
  const acquired = await acquireComponents(settings, needs, options);
  try {
    return await work(acquired.settings);
  } finally {
    await acquired.release();
  }
}

/** `withComponents` for work that is not one function; every acquisition must be released. */
export async function acquireComponents(
  settings: Settings,
  needs: readonly ComponentName[],
  { report = () => undefined, ports = 'default', durable = true }: AcquireOptions = {},
): Promise<AcquiredComponents> {
  const needed = needsEmbeddedS3(settings) ? [...needs, 's3' as const] : needs;
  const embedded = needed.filter((name) => configuredAddress(settings, name) === null);
  if (embedded.length === 0) return { settings: withEmbeddedS3(settings), release: async () => undefined };
  const directory = settings.stateDirectory;
  await provideComponents(
    embedded.filter((name) => findRunning(directory, name) === undefined),
    report,
  );
  let lease: string | undefined = takeLease(directory, embedded);
  const forget = onProcessEnd({
    signal: () => {
      endOwnLeases(directory);
      return withLock(runLock(directory), LOCK_WAIT_MILLIS, () => stopUnneeded(directory));
    },
    exit: () => {
      endOwnLeases(directory);
      askProcessesToEnd(directory, isUnneeded(directory));
    },
  });
  const release = async (): Promise<void> => {
    if (lease === undefined) return;
    forget();
    endLease(lease);
    lease = undefined;
    await withLock(runLock(directory), LOCK_WAIT_MILLIS, () => stopUnneeded(directory));
  };
  try {
    const options = { namespace: settings.temporal.namespace, bucket: bucketOf(settings), ports, durable };
    await withLock(runLock(directory), LOCK_WAIT_MILLIS, () =>
      startComponents(directory, embedded, 'command', options, report),
    );
    return { settings: withAddresses(settings, embedded), release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function stopUnneeded(directory: string): Promise<void> {
  await stopProcesses(directory, isUnneeded(directory));
}

function isUnneeded(directory: string): (record: RunRecord) => boolean {
  const leased: ReadonlySet<string> = leasedComponents(directory);
  return (record) => record.owner === 'command' && !leased.has(record.name);
}

/** Fills in where the embedded components answer. */
export function withAddresses(settings: Settings, names: readonly ComponentName[]): Settings {
  const addressOf = (name: ComponentName): string | null =>
    names.includes(name)
      ? (findRunning(settings.stateDirectory, name)?.address ?? null)
      : configuredAddress(settings, name);
  return {
    ...withEmbeddedKafka(withEmbeddedS3(settings)),
    catalogUrl: addressOf('catalog'),
    redisUrl: addressOf('redis'),
    temporal: { ...settings.temporal, address: addressOf('temporal') },
  };
}
