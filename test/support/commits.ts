/** Commits and files for tests that do not care about their contents. */
import { createHash, randomUUID } from 'node:crypto';
import type { Commit, LedgerAppend } from '../../catalog/catalog.ts';
import type { DataFile, TableKey } from '../../contracts/lake.ts';

export const SOURCE: TableKey = { project: 'demo', kind: 'source', name: 'flights', version: '' };
export const VIEW: TableKey = { project: 'demo', kind: 'view', name: 'latest', version: 'f1' };

/** A file of which no bytes exist. */
export function fakeFile(overrides: Partial<DataFile> = {}): DataFile {
  const id = randomUUID();
  return {
    id,
    path: `sources/flights/2024-01-01-${id}.parquet`,
    rows: 10,
    bytes: 1000,
    checksum: createHash('sha256').update(id).digest('hex'),
    minEvent: 0n,
    maxEvent: 9n,
    maxCreated: null,
    minSequence: 1n,
    maxSequence: 10n,
    bucket: null,
    columns: [{ name: 'delay', type: 'int64' }],
    ...overrides,
  };
}

/** An append to the source, with a key of its own. */
export function newCommit(overrides: Partial<Commit> = {}): Commit {
  return {
    table: SOURCE,
    idempotencyKey: randomUUID(),
    runId: 'run-1',
    operation: 'append',
    base: 0,
    add: [],
    remove: [],
    inputs: [],
    replacedInputs: [],
    removedSequences: [],
    conservation: [],
    ledger: [],
    quarantine: [],
    lineage: [],
    ...overrides,
  };
}

/** An entry of the offline ledger of `VIEW`. */
export function ledgerAppend(
  operation: LedgerAppend['operation'],
  from: bigint,
  to: bigint,
  overrides: Partial<LedgerAppend> = {},
): LedgerAppend {
  return {
    project: VIEW.project,
    view: VIEW.name,
    fingerprint: VIEW.version,
    store: 'offline',
    range: { from, to },
    operation,
    idempotencyKey: randomUUID(),
    runId: 'run-1',
    inputSnapshot: null,
    rowsIn: 0,
    rowsOut: 0,
    ...overrides,
  };
}
