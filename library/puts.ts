/** Rows that a program puts: checked, committed once, and online before the call returns, as far as it asks for both. */
import { randomUUID } from 'node:crypto';
import type { Catalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { clockNow } from '../contracts/time.ts';
import { appendRows } from '../ingestion/append-rows.ts';
import type { IngestionDependencies } from '../ingestion/dependencies.ts';
import { pushOnline, takesPushedRows } from '../online/pushed-rows.ts';
import type { RedisClient } from '../online/redis-client.ts';
import { isContentComplete, readContent } from '../online/store-content.ts';
import { viewKeys } from '../online/store-keys.ts';
import { inputValue } from './column-values.ts';
import type { OnlineFollowers } from './online-followers.ts';
import { findPushTarget, type PushTarget } from './push-target.ts';
import { checkPutRows, type CheckedRow } from './put-rows.ts';
import type { PutOptions, PutResult, PutRow } from './store.ts';
import { findViolations } from './violations.ts';

export interface PutDependencies extends IngestionDependencies {
  readonly catalog: Catalog;
  readonly redis: RedisClient;
  readonly followers: OnlineFollowers;
}

export interface PutRequest extends PutOptions {
  /** A view, or a stored source. */
  readonly target: string;
  readonly rows: readonly PutRow[];
  /** Rows of the one view that is named, not of its source: other views of the source are left alone. Online only. */
  readonly ofViewAlone?: boolean;
}

/** Throws what `Store.putFeatures` throws. */
export async function put(
  dependencies: PutDependencies,
  manifest: Manifest,
  { target: name, to = 'both', ofViewAlone = false, ...request }: PutRequest,
): Promise<PutResult> {
  const target = findPushTarget(manifest, name);
  const { source } = target;
  const readers = manifest.views.filter(
    (one): one is FeatureViewManifest => one.kind === 'feature' && one.online && one.source === source.name,
  );
  const views = ofViewAlone ? readers.filter((one) => one.name === name) : readers;
  if (to !== 'offline' && source.kind === 'kafka') throw refuse(target, `send its events to the topic ${source.topic}`);
  const direct = to === 'online' ? requireDirect(target, views) : [];
  const now = clockNow();
  const checked = checkPutRows(target, request.rows, now);
  if (checked.length === 0) throw refuse(target, 'no rows');
  const violations = findViolations(manifest, source, checked);
  const push = {
    manifest,
    source: source.name,
    rows: checked.map((row) => inputRow(source, row)),
    idempotencyKey: request.idempotencyKey ?? randomUUID(),
  };
  if (to === 'online') {
    for (const view of direct) await beginOnline(dependencies, manifest, view);
    const { taken, quarantined } = await pushOnline(dependencies, { ...push, views: direct, now });
    return { snapshot: null, committed: taken, quarantined, online: direct.map((one) => one.name), violations };
  }
  const { snapshot, committed, quarantined } = await appendRows(dependencies, push);
  const online = to === 'both' ? views : [];
  await Promise.all(online.map((one) => dependencies.followers.follow(manifest, one)));
  return { snapshot, committed, quarantined, online: online.map((one) => one.name), violations };
}

/** The views that rows can come to without the lake; the named one must be of them. */
function requireDirect(target: PushTarget, online: readonly FeatureViewManifest[]): readonly FeatureViewManifest[] {
  const { view } = target;
  if (view !== null && !view.online) throw refuse(target, 'it is not online; declare `online: true`');
  const direct = online.filter(takesPushedRows);
  if (view === null ? direct.length > 0 : takesPushedRows(view)) return direct;
  const what = view === null ? 'no online view of it is one of' : 'it is none of';
  throw refuse(
    target,
    `only views of the newest row of their source take rows without the lake, and ${what} them: windows, \`map\` and \`sql\` are made of the rows of the lake; push to both`,
  );
}

/** A view that Redis does not hold yet gets the lake's rows first: the pushed ones may be older than they are. */
async function beginOnline(
  { catalog, redis, followers }: PutDependencies,
  manifest: Manifest,
  view: FeatureViewManifest,
): Promise<void> {
  const { project } = manifest;
  const { name, fingerprint } = view;
  const recorded = await catalog.intervals.onlinePosition({ project, view: name, fingerprint, store: 'online' });
  const { epoch, marker } = await readContent(redis, project, viewKeys(project, name, fingerprint));
  if (recorded === undefined || !isContentComplete(recorded, epoch, marker)) await followers.follow(manifest, view);
}

function refuse({ where }: PushTarget, problem: string): AsofError {
  return new AsofError('INVALID_VALUE', { where, problem });
}

function inputRow(source: StoredSourceManifest, row: CheckedRow): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    source.columns.map((column) => [column.name, inputValue(row.get(column.name) ?? null, column.type)]),
  );
}
