import type { Catalog } from '../catalog/catalog.ts';
import type { TableKey } from '../contracts/lake.ts';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { MaintainedTable, MaintainResult } from '../contracts/runs.ts';
import { floorToGrid, MICROS_PER_DAY, requireInstant, type Micros } from '../contracts/time.ts';
import type { Engine } from '../engine/engine.ts';
import { compactSource } from '../ingestion/compact-source.ts';
import { expireRows } from '../ingestion/expire-rows.ts';
import { viewsOf } from '../ingestion/plan-ingestion.ts';
import { collectGarbage } from '../lake/gc.ts';
import type { Lake } from '../lake/lake.ts';
import { compactView } from '../offline/compact-view.ts';
import { expireViewRows } from '../offline/expire-view-rows.ts';
import type { RedisClient } from '../online/redis-client.ts';
import { removeRetiredVersions } from '../online/retired-versions.ts';
import type { ComputeDependencies } from './dependencies.ts';
import { withPulse, withSignal } from './heartbeat.ts';
import type { MaintainedTableName } from './maintenance-plan-activities.ts';

export interface MaintainTablesInput {
  readonly project: string;
  readonly definitions: string;
  readonly tables: readonly MaintainedTableName[];
  /** The instant of the run: what is old is old by it, whenever the activity runs. */
  readonly now: string;
  readonly runId: string;
}

export interface ExpireSnapshotsInput {
  readonly project: string;
  readonly definitions: string;
  readonly retentionDays: number;
  readonly runId: string;
}

export interface CollectGarbageInput {
  readonly project: string;
  readonly graceDays: number;
  readonly runId: string;
}

/** Long: on the compute queue. Each may be repeated: what an earlier attempt committed is not done again. */
export interface MaintenanceActivities {
  /** Row retention, then compaction, table by table. */
  maintainTables(input: MaintainTablesInput): Promise<readonly MaintainedTable[]>;
  expireSnapshots(
    input: ExpireSnapshotsInput,
  ): Promise<{ readonly snapshots: number; readonly files: number; readonly bytes: number }>;
  /** Files that nothing mentions, and online versions of views that nothing reads. */
  removeGarbage(input: CollectGarbageInput): Promise<MaintainResult['removed']>;
}

interface TableWork {
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly manifest: Manifest;
  readonly now: Micros;
  readonly runId: string;
  readonly signal: AbortSignal;
}

export function createMaintenanceActivities(
  dependencies: ComputeDependencies & { readonly redis: RedisClient },
): MaintenanceActivities {
  const { catalog, definitions, lakeOf, withEngine, redis } = dependencies;
  return {
    async maintainTables({ project, definitions: fingerprint, tables, now, runId }) {
      const { manifest } = await definitions.at(project, fingerprint);
      const lake = await lakeOf(project);
      return withPulse(readDone, (pulse) =>
        withEngine(lake, [], async (engine) => {
          const work = {
            catalog,
            lake,
            engine,
            manifest,
            now: requireInstant(now, 'now'),
            runId,
            signal: pulse.signal,
          };
          const done = [...(pulse.resumed ?? [])];
          for (const table of tables.slice(done.length)) {
            done.push(await maintainTable(work, table));
            pulse.report(done);
          }
          return done;
        }),
      );
    },

    async expireSnapshots({ project, definitions: fingerprint, retentionDays, runId }) {
      const { manifest } = await definitions.at(project, fingerprint);
      const keepFrom = await onlineSnapshots(catalog, manifest);
      const olderThanMicros = retentionDays * MICROS_PER_DAY;
      return withSignal(() => catalog.tables.expireSnapshots({ project, olderThanMicros, keepFrom, exceptRun: runId }));
    },

    async removeGarbage({ project, graceDays, runId }) {
      const lake = await lakeOf(project);
      const graceMicros = graceDays * MICROS_PER_DAY;
      return withSignal(async (signal) => {
        const progress = (): void => signal.throwIfAborted();
        const { removed, bytes } = await collectGarbage({
          catalog,
          lake,
          project,
          exceptRun: runId,
          graceMillis: graceMicros / 1000,
          progress,
        });
        const online = await removeRetiredVersions({ catalog, redis }, { project, graceMicros, runId, signal });
        return { files: removed.length, bytes, online };
      });
    },
  };
}

async function maintainTable(work: TableWork, { kind, name, version }: MaintainedTableName): Promise<MaintainedTable> {
  const { catalog, manifest } = work;
  const { project } = manifest;
  const done = kind === 'source' ? await maintainSource(work, name) : await maintainView(work, name, version);
  const key: TableKey = { project, kind, name, version };
  const { files } = await catalog.tables.files(key);
  const label = kind === 'source' ? `source ${name}` : `view ${name}@${version.slice(0, 12)}`;
  const unknown = { expiredRows: 0, filesBefore: 0, filesAfter: 0, rows: 0, bytesBefore: 0, bytesAfter: 0 };
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { table: label, ...(done ?? unknown), files: files.length, bytes };
}

type Maintenance = Omit<MaintainedTable, 'table' | 'files' | 'bytes'>;

/** Undefined for a source that is no longer defined: nobody knows its event time. */
async function maintainSource(work: TableWork, name: string): Promise<Maintenance | undefined> {
  const { manifest, now, runId, signal } = work;
  const source = storedSource(manifest, name);
  if (source === undefined) return undefined;
  const { project } = manifest;
  const views = viewsOf(manifest, source);
  const { rows: expiredRows } = await expireRows(work, { project, source, views, now, runId }, { signal });
  return { expiredRows, ...(await compactSource(work, { project, source, runId }, { signal })) };
}

/** Undefined for a version of a view that no definitions have. */
async function maintainView(work: TableWork, name: string, version: string): Promise<Maintenance | undefined> {
  const { catalog, manifest, now, runId, signal } = work;
  const { project } = manifest;
  const applied = await catalog.definitions.withView(project, name, version);
  const view = applied?.manifest.views.find(
    (candidate): candidate is FeatureViewManifest => candidate.kind === 'feature' && candidate.name === name,
  );
  if (view === undefined) return undefined;
  const stores = { tables: catalog.tables, lake: work.lake, engine: work.engine };
  const retention = storedSource(manifest, view.source)?.retentionMicros;
  const before = retention === undefined ? null : floorToGrid(now - BigInt(retention), MICROS_PER_DAY);
  const expiredRows = before === null ? 0 : await expireViewRows(stores, { project, view, before, runId }, signal);
  return { expiredRows, ...(await compactView(stores, { project, view, runId }, { signal })) };
}

/** What Redis holds was read at these snapshots, and the next materialization compares with them. */
async function onlineSnapshots(
  { intervals }: Catalog,
  manifest: Manifest,
): Promise<readonly { readonly source: string; readonly snapshot: number }[]> {
  const { project } = manifest;
  const found: { readonly source: string; readonly snapshot: number }[] = [];
  for (const view of manifest.views) {
    if (view.kind !== 'feature' || !view.online) continue;
    const key = { project, view: view.name, fingerprint: view.fingerprint, store: 'online' } as const;
    const position = await intervals.onlinePosition(key);
    if (position !== undefined) found.push({ source: view.source, snapshot: position.snapshot });
  }
  return found;
}

function storedSource(manifest: Manifest, name: string): StoredSourceManifest | undefined {
  return manifest.sources.find(
    (source): source is StoredSourceManifest => source.kind !== 'request' && source.name === name,
  );
}

function readDone(details: unknown): readonly MaintainedTable[] | undefined {
  return Array.isArray(details) ? (details as readonly MaintainedTable[]) : undefined;
}
