/**
 * Materialization: brings the online values of a view up to a position, the rows of the newest source snapshot that are due
 * at one instant. Only what came or went since the last position is written; a Redis that lost its content is filled
 * again from the beginning. Repeating a run changes nothing.
 */
import type { Catalog, LedgerKey, OnlinePosition } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { clockNow, type Micros } from '../contracts/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import { materializeAggregates } from './aggregate-materialization.ts';
import { materializeAsof } from './asof-materialization.ts';
import { comparePositions, type Position } from './position.ts';
import { ScriptRefusal, type RedisClient } from './redis-client.ts';
import { openSnapshot, type SnapshotReader } from './source-snapshot.ts';
import { lifeMillis } from './state-life.ts';
import { createStateWriter, type WriteCounts } from './state-writer.ts';
import { ensureEpoch, raiseFence, readMarker, setMarker } from './store-content.ts';
import { viewKeys, type ViewKeys } from './store-keys.ts';
import type { StreamOffsets } from './stream-offsets.ts';
import { removeKeys, removeValues } from './value-removal.ts';

export interface MaterializationDependencies {
  readonly catalog: Pick<Catalog, 'tables' | 'intervals'>;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly redis: RedisClient;
  /**
   * How far the topic of a source has come to the lake with a snapshot. Without it, a view that streams have written to is
   * refused: values must not lose what the lake does not have.
   */
  readonly landedOffsets?: (source: string, snapshot: number) => Promise<StreamOffsets>;
}

export interface MaterializationRequest {
  readonly manifest: Manifest;
  readonly view: string;
  /** Needed for a view with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
  /** Rows due at this instant; rows later than the clock wait in the lake whatever it says. */
  readonly to: Micros;
  /** Makes all values anew, right ones too: the view is not available while it lasts. */
  readonly rebuild?: boolean;
  readonly runId: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly rows: number }) => void;
}

export interface Materialization {
  readonly view: string;
  readonly fingerprint: string;
  readonly snapshot: number;
  readonly to: Micros;
  readonly written: number;
  readonly unchanged: number;
  /** Keys that Redis holds for the view, those that lapsed by themselves included. */
  readonly keys: number;
}

interface Run extends MaterializationRequest {
  readonly feature: FeatureViewManifest;
  readonly source: StoredSourceManifest;
  readonly keys: ViewKeys;
  readonly ledger: LedgerKey;
}

/** A Redis that loses its content under a run is filled again; one that keeps losing it is not usable. */
const MOST_ATTEMPTS = 3;

/**
 * Materializes one view. Throws `UNKNOWN_NAME` or `INVALID_VALUE` for a view that has no online values, `CONFLICT` when a
 * newer run of the same view has taken over or its streams are ahead of the lake, `REDIS_UNAVAILABLE` when Redis is away,
 * `CANCELLED` when aborted.
 */
export async function materializeView(
  dependencies: MaterializationDependencies,
  request: MaterializationRequest,
): Promise<Materialization> {
  const run = resolveRun(request);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await materializeOnce(dependencies, run);
    } catch (error) {
      if (!(error instanceof ScriptRefusal)) throw error;
      const where = `view ${run.view}`;
      if (error.reason !== 'epoch') throw new AsofError('CONFLICT', { where, problem: error.message }, error);
      if (attempt === MOST_ATTEMPTS) throw new AsofError('REDIS_UNAVAILABLE', { problem: error.message }, error);
    }
  }
}

async function materializeOnce(dependencies: MaterializationDependencies, run: Run): Promise<Materialization> {
  const { catalog, engine, redis } = dependencies;
  const { project } = run.ledger;
  const epoch = await ensureEpoch(redis, project);
  const recorded = await catalog.intervals.onlinePosition(run.ledger);
  const found = run.rebuild ? undefined : await findBase(redis, run.keys, epoch, recorded);
  const to = latest(earliest(run.to, clockNow()), (run.rebuild ? recorded : found)?.to);
  const snapshot = await openSnapshot(
    dependencies,
    project,
    { view: run.feature, source: run.source, runtime: run.runtime },
    to,
  );
  const { position } = snapshot;
  const content = { redis, project, keys: run.keys, epoch };
  const landed = await dependencies.landedOffsets?.(run.source.name, position.snapshot);
  const before = await raiseFence(redis, project, run.keys, epoch, position, landed);
  // until the fence stood, another run could take the values out of service
  const base = found !== undefined && (await isHeld(redis, run.keys, found)) ? found : undefined;
  // what an unfinished run of another position wrote may be of rows that are gone
  const isForeign = base === undefined && before !== undefined && comparePositions(before, position) !== 0;
  if (run.rebuild || isForeign) {
    // with a marker, and a stream from the beginning has one, reads would take absent keys for keys without rows
    await removeKeys(content, position, [run.keys.marker]);
    await removeValues(content, position, run.signal);
  }
  const counts = await engine.session(async (session) => {
    const materialize = run.feature.mode === 'asof' ? materializeAsof : materializeAggregates;
    const writer = await materialize(
      session,
      snapshot,
      base,
      (removed) =>
        createStateWriter({
          ...content,
          position,
          lifeMillis: lifeMillis(run.feature),
          removed,
        }),
      (rows) => run.onProgress?.({ rows }),
    );
    return writer.finish();
  }, run.signal);
  await setMarker(redis, project, run.keys, epoch, position);
  const keys = (base?.keys ?? 0) + counts.added - counts.deleted;
  await record(catalog, run, snapshot, counts);
  await catalog.intervals.setOnlinePosition(run.ledger, { ...position, epoch, keys });
  return {
    view: run.view,
    fingerprint: run.feature.fingerprint,
    snapshot: position.snapshot,
    to,
    written: counts.written,
    unchanged: counts.unchanged,
    keys,
  };
}

function resolveRun(request: MaterializationRequest): Run {
  const { manifest, view } = request;
  const feature = manifest.views.find((candidate) => candidate.name === view);
  if (feature === undefined) {
    const known = manifest.views.map(({ name }) => name);
    throw new AsofError('UNKNOWN_NAME', { where: 'materialize', kind: 'view', name: view, known });
  }
  if (feature.kind !== 'feature' || !feature.online) {
    const problem = feature.kind === 'feature' ? 'is not online; declare `online: true`' : 'is computed at each read';
    throw new AsofError('INVALID_VALUE', { where: `view ${view}`, problem });
  }
  const source = manifest.sources.find((candidate) => candidate.name === feature.source);
  if (source === undefined || source.kind === 'request') throw new TypeError(`view ${view} has no stored source`);
  const { project } = manifest;
  const { fingerprint } = feature;
  return {
    ...request,
    feature,
    source,
    keys: viewKeys(project, view, fingerprint),
    ledger: { project, view, fingerprint, store: 'online' },
  };
}

/** The last position, if Redis still holds what was written for it. */
async function findBase(
  redis: RedisClient,
  keys: ViewKeys,
  epoch: string,
  recorded: OnlinePosition | undefined,
): Promise<OnlinePosition | undefined> {
  if (recorded === undefined || recorded.epoch !== epoch) return undefined;
  return (await isHeld(redis, keys, recorded)) ? recorded : undefined;
}

async function isHeld(redis: RedisClient, keys: ViewKeys, recorded: Position): Promise<boolean> {
  const marker = await readMarker(redis, keys);
  return marker !== undefined && comparePositions(marker, recorded) >= 0;
}

/** The ledger's row: everything up to the position is done. */
async function record(
  catalog: MaterializationDependencies['catalog'],
  run: Run,
  { files, position }: SnapshotReader,
  counts: WriteCounts,
): Promise<void> {
  const from = files.reduce<Micros | null>((least, { minEvent }) => earliest(minEvent, least), null);
  if (from === null || from >= position.to) return;
  const { project, view, fingerprint } = run.ledger;
  await catalog.intervals.append([
    {
      ...run.ledger,
      range: { from, to: position.to },
      operation: 'done',
      idempotencyKey: `materialize/${project}/${view}@${fingerprint}/${position.snapshot}/${position.to}`,
      runId: run.runId,
      inputSnapshot: position.snapshot,
      rowsIn: files.reduce((rows, file) => rows + file.rows, 0),
      rowsOut: counts.written,
    },
  ]);
}

function earliest<T extends Micros | null>(a: T, b: T): T {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function latest(a: Micros, b: Micros | undefined): Micros {
  return b !== undefined && b > a ? b : a;
}
