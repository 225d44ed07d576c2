/** Rows that code or the API pushes: the rules and sequences of an ingestion, in one small commit. */
import type { Manifest } from '../contracts/manifest.ts';
import { refuseBrokenRows } from '../quality/row-gate.ts';
import { commitAddedRows } from './append-commit.ts';
import { conserve } from './day-counts.ts';
import type { IngestionDependencies, StepOptions } from './dependencies.ts';
import { requireStoredSource, viewsOf } from './plan-ingestion.ts';
import { readPushedRows, reservePushedRows, type PushedRow } from './pushed-input.ts';
import { rowsOfDays, stageInputs } from './staged-group.ts';

export interface AppendedRows {
  readonly snapshot: number;
  readonly committed: number;
  readonly quarantined: number;
  /** The sequence of the first row; row i has `sequenceStart + i`, quarantined rows included. */
  readonly sequenceStart: bigint;
}

/**
 * Adds rows to a source. A row's properties are our column names; a column that is not there is null. Values are those
 * of TypeScript (`bigint`, `Timestamp`, `Date`, arrays) or of JSON (integers and instants as text). The same key appends
 * once; another number of rows under it is an `IDEMPOTENCY_MISMATCH`. Throws `INPUT_VALUE_INVALID`,
 * `INPUT_ROW_INVALID`, and `QUALITY_GATE` for rules over these rows.
 */
export async function appendRows(
  { catalog, lake, engine }: IngestionDependencies,
  request: {
    readonly manifest: Manifest;
    readonly source: string;
    readonly rows: readonly PushedRow[];
    readonly idempotencyKey: string;
  },
  { signal, progress }: StepOptions = {},
): Promise<AppendedRows> {
  const { manifest, rows } = request;
  const source = requireStoredSource(manifest, request.source);
  const { project } = manifest;
  const block = { project, source: source.name, rows, idempotencyKey: request.idempotencyKey };
  const { table, key, sequenceStart } = await reservePushedRows(catalog, block);
  const earlier = await catalog.tables.committed(key);
  if (earlier) {
    const snapshots = await catalog.tables.snapshots(table);
    const committed = snapshots.find(({ id }) => id === earlier.snapshot)?.rowsAdded ?? 0;
    return { snapshot: earlier.snapshot, committed, quarantined: rows.length - committed, sequenceStart };
  }
  const staged = await engine.session(async (session) => {
    const input = await readPushedRows(session, source, rows, sequenceStart);
    return stageInputs(lake, session, { source, inputs: [input], runId: key, progress });
  }, signal);
  refuseBrokenRows(source, staged.ruleCounts, `source ${source.name}`);
  const { committedDays, quarantinedDays } = staged;
  const snapshot = await commitAddedRows(
    { catalog, lake, engine },
    {
      ...{ project, table, source, staged, key, views: viewsOf(manifest, source), job: `append ${source.name}` },
      conservation: conserve({ committed: committedDays, quarantined: quarantinedDays }),
    },
  );
  return { snapshot, committed: rowsOfDays(committedDays), quarantined: rowsOfDays(quarantinedDays), sequenceStart };
}
