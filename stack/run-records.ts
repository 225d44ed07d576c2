/** `.asof/run/<name>.json`: every process that was started for a state directory, and on whose behalf. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { EXTRA_PROCESS_NAMES, PROCESS_NAMES, type ProcessName } from '../contracts/config.ts';
import type { Running } from './component.ts';
import { isRunning } from './process-identity.ts';

export interface RunRecord extends Running {
  /** `dev`: runs until `asof down`. `command`: ends with the last command that needs it. */
  readonly owner: 'dev' | 'command';
}

export function runDirectory(stateDirectory: string): string {
  return path.join(stateDirectory, 'run');
}

/** The lock that every change of what runs is made under. */
export function runLock(stateDirectory: string): string {
  return path.join(runDirectory(stateDirectory), 'lock');
}

/** All records in the order of the lists of names, those of dead processes included. */
export function readRecords(stateDirectory: string): readonly RunRecord[] {
  const names = [...PROCESS_NAMES, ...EXTRA_PROCESS_NAMES];
  return names
    .map((name) => readJson<RunRecord>(recordFile(stateDirectory, name)))
    .filter((record) => record !== undefined);
}

/** The record of a process that runs and was ready once. */
export function findRunning(stateDirectory: string, name: ProcessName): RunRecord | undefined {
  const record = readJson<RunRecord>(recordFile(stateDirectory, name));
  return record !== undefined && record.ready && isRunning(record.process) ? record : undefined;
}

export function writeRecord(stateDirectory: string, record: RunRecord): void {
  writeJson(recordFile(stateDirectory, record.name), record);
}

export function removeRecord(stateDirectory: string, name: ProcessName): void {
  rmSync(recordFile(stateDirectory, name), { force: true });
}

/** Undefined when the file does not exist or is not JSON. */
export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Readers see the old file or the new one. Only its owner may read it: addresses carry passwords. */
export function writeJson(file: string, value: unknown): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

function recordFile(stateDirectory: string, name: ProcessName): string {
  return path.join(runDirectory(stateDirectory), `${name}.json`);
}
