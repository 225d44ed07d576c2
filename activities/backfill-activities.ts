import { Context } from '@temporalio/activity';
import type { Catalog } from '../catalog/catalog.ts';
import { knownError } from '../contracts/disk-full.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { TimeRange } from '../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { BackfillResult } from '../contracts/runs.ts';
import { requireInstant } from '../contracts/time.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { viewSource } from '../definitions/view-source.ts';
import type { Engine } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import { sourceTable, viewTable } from '../offline/view-coverage.ts';
import { writeViewInterval } from '../offline/view-table.ts';
import { requireFeatureView, requireStoredSource } from './applied-view.ts';
import type { Interval } from './backfill-plan-activities.ts';
import type { ComputeDependencies } from './dependencies.ts';
import { INTERNAL_ATTEMPTS } from './failure.ts';
import { withPulse } from './heartbeat.ts';

export interface WriteIntervalsInput {
  readonly project: string;
  readonly view: string;
  readonly definitions: string;
  readonly intervals: readonly Interval[];
  readonly runId: string;
}

export interface IntervalsWritten {
  readonly done: number;
  readonly rows: number;
  readonly failed: BackfillResult['failed'];
}

/** On the backfill queue. */
export interface BackfillActivities {
  /**
   * Writes and commits interval after interval. One that fails for good is reported, and the next is tried; an error that
   * may pass ends the attempt, and the next attempt goes on with that interval.
   */
  writeIntervals(input: WriteIntervalsInput): Promise<IntervalsWritten>;
}

interface IntervalWork {
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly project: string;
  readonly view: FeatureViewManifest;
  /** As the view sees it, and the source itself. */
  readonly source: StoredSourceManifest;
  readonly base: StoredSourceManifest;
  readonly runtime: DefinitionRuntime;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** What heartbeats carry: how many of the intervals have been tried, and what came of them. */
interface Checkpoint extends IntervalsWritten {
  readonly tried: number;
}

/** An error that may pass is reported as the interval's after as many attempts, so that one interval holds up no other. */
const PASSING_ERROR_ATTEMPTS = 6;

export function createBackfillActivities(dependencies: ComputeDependencies): BackfillActivities {
  const { catalog, definitions, lakeOf, withEngine } = dependencies;
  return {
    async writeIntervals({ project, view: name, definitions: fingerprint, intervals, runId }) {
      const applied = await definitions.at(project, fingerprint);
      const { manifest } = applied;
      const runtime = await definitions.runtime(applied);
      const view = requireFeatureView(manifest, name);
      const base = requireStoredSource(manifest, view.source);
      const source = viewSource(view, base);
      const lake = await lakeOf(project);
      return withPulse(readCheckpoint, (pulse) =>
        withEngine(lake, [], async (engine) => {
          const work = { catalog, lake, engine, project, view, source, base, runtime, runId, signal: pulse.signal };
          let { tried, done, rows, failed }: Checkpoint = pulse.resumed ?? { tried: 0, done: 0, rows: 0, failed: [] };
          for (const interval of intervals.slice(tried)) {
            try {
              rows += await writeInterval(work, interval);
              done++;
            } catch (error) {
              failed = [...failed, { ...interval, ...giveUp(error, pulse.signal) }];
            }
            pulse.report({ tried: ++tried, done, rows, failed });
          }
          return { done, rows, failed };
        }),
      );
    },
  };
}

/** Writes one interval at the source's newest snapshot, once for each run. Returns the rows read from the source. */
async function writeInterval(work: IntervalWork, interval: Interval): Promise<number> {
  const { catalog, lake, engine, project, view, source, base: sourceItself, runtime, runId, signal } = work;
  const range: TimeRange = { from: requireInstant(interval.from, 'from'), to: requireInstant(interval.to, 'to') };
  const idempotencyKey = `backfill/${runId}/${view.name}/${interval.from}/${interval.to}`;
  const key = { project, view: view.name, fingerprint: view.fingerprint, store: 'offline' } as const;
  if (await catalog.tables.committed(idempotencyKey)) {
    const entries = await catalog.intervals.entries(key);
    return entries.find((entry) => entry.idempotencyKey === idempotencyKey)?.rowsIn ?? 0;
  }
  const snapshot = await catalog.tables.head(sourceTable(project, source));
  const { base, add, remove, rows } = await engine.session(
    (session) =>
      writeViewInterval(
        { session, lake, tables: catalog.tables },
        { project, view, source, base: sourceItself, runtime, snapshot, range },
      ),
    signal,
  );
  await catalog.tables.commit({
    table: viewTable(project, view),
    idempotencyKey,
    runId,
    operation: remove.length > 0 ? 'replace' : 'append',
    base,
    add,
    remove,
    inputs: [],
    replacedInputs: [],
    removedSequences: [],
    conservation: [],
    ledger: [
      { ...key, range, operation: 'done', idempotencyKey, runId, inputSnapshot: snapshot, rowsIn: rows, rowsOut: rows },
    ],
    quarantine: [],
    lineage: [],
  });
  return rows;
}

/** Throws what must end the attempt, and otherwise says what to report of the interval. */
function giveUp(error: unknown, signal: AbortSignal): { readonly code: ErrorCode; readonly message: string } {
  const known = knownError(error);
  const isBug = known !== error && known.code === 'INTERNAL';
  const attempts = isBug ? INTERNAL_ATTEMPTS : known.retryable ? PASSING_ERROR_ATTEMPTS : 0;
  if (signal.aborted || Context.current().info.attempt < attempts) throw error;
  return { code: known.code, message: known.message };
}

function readCheckpoint(details: unknown): Checkpoint | undefined {
  const held = details as Partial<Checkpoint> | null | undefined;
  return typeof held?.tried === 'number' && Array.isArray(held.failed) ? (held as Checkpoint) : undefined;
}
