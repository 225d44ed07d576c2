/** Components for the duration of one command: the configured ones, those of a running stack, or started for it. */
import type { Settings } from '../contracts/config.ts';
import { configuredAddress, provideComponents, startComponents, stopProcesses } from './components.ts';
import type { ComponentName, Report, StartOptions } from './component.ts';
import { endLease, endOwnLeases, leasedComponents, takeLease } from './leases.ts';
import { withLock } from './lock.ts';
import { findRunning, runLock } from './run-records.ts';

/** Longer than the slowest start of a whole stack. */
const LOCK_WAIT_MILLIS = 300_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

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
  const embedded = needs.filter((name) => configuredAddress(settings, name) === null);
  if (embedded.length === 0) return { settings, release: async () => undefined };
  const directory = settings.stateDirectory;
  await provideComponents(
    embedded.filter((name) => findRunning(directory, name) === undefined),
    report,
  );
  let lease: string | undefined = takeLease(directory, embedded);
  const stopListening = releaseOnSignal(directory);
  const release = async (): Promise<void> => {
    if (lease === undefined) return;
    stopListening();
    endLease(lease);
    lease = undefined;
    await withLock(runLock(directory), LOCK_WAIT_MILLIS, () => stopUnneeded(directory));
  };
  try {
    const options = { namespace: settings.temporal.namespace, ports, durable };
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
  const leased: ReadonlySet<string> = leasedComponents(directory);
  await stopProcesses(directory, (record) => record.owner === 'command' && !leased.has(record.name));
}

/** Fills in where the embedded components answer. */
export function withAddresses(settings: Settings, names: readonly ComponentName[]): Settings {
  const addressOf = (name: ComponentName): string | null =>
    names.includes(name)
      ? (findRunning(settings.stateDirectory, name)?.address ?? null)
      : configuredAddress(settings, name);
  return {
    ...settings,
    catalogUrl: addressOf('catalog'),
    redisUrl: addressOf('redis'),
    temporal: { ...settings.temporal, address: addressOf('temporal') },
  };
}

/**
 * A command that handles no signals of its own would die of them and leave its components running. The handler gives
 * back everything that this process has acquired, then lets the signal do its work.
 */
function releaseOnSignal(directory: string): () => void {
  const signals = SIGNALS.filter((signal) => process.listenerCount(signal) === 0);
  const stopListening = (): void => signals.forEach((signal) => process.removeListener(signal, end));
  const end = (signal: NodeJS.Signals): void => {
    stopListening();
    endOwnLeases(directory);
    void withLock(runLock(directory), LOCK_WAIT_MILLIS, () => stopUnneeded(directory)).finally(() =>
      process.kill(process.pid, signal),
    );
  };
  signals.forEach((signal) => process.on(signal, end));
  return stopListening;
}
