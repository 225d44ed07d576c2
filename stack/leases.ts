/** `.asof/run/leases/`: which living commands need which components, so that the last one to end stops them. */
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { ComponentName } from './component.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { readJson, runDirectory, writeJson } from './run-records.ts';

interface Lease {
  readonly process: ProcessIdentity;
  readonly needs: readonly ComponentName[];
}

/** Returns the file that stands for the lease. */
export function takeLease(stateDirectory: string, needs: readonly ComponentName[]): string {
  const file = path.join(leaseDirectory(stateDirectory), `${randomUUID()}.json`);
  writeJson(file, { process: ownIdentity(), needs } satisfies Lease);
  return file;
}

export function endLease(file: string): void {
  rmSync(file, { force: true });
}

export function endOwnLeases(stateDirectory: string): void {
  for (const file of listLeases(stateDirectory)) {
    if (readJson<Lease>(file)?.process.pid === process.pid) endLease(file);
  }
}

/** What living commands need. Leases of dead ones are removed. */
export function leasedComponents(stateDirectory: string): ReadonlySet<ComponentName> {
  const leased = new Set<ComponentName>();
  for (const file of listLeases(stateDirectory)) {
    const lease = readJson<Lease>(file);
    if (lease === undefined) continue;
    if (isRunning(lease.process)) lease.needs.forEach((name) => leased.add(name));
    else endLease(file);
  }
  return leased;
}

function listLeases(stateDirectory: string): readonly string[] {
  try {
    const directory = leaseDirectory(stateDirectory);
    return readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => path.join(directory, name));
  } catch {
    return [];
  }
}

function leaseDirectory(stateDirectory: string): string {
  return path.join(runDirectory(stateDirectory), 'leases');
}
