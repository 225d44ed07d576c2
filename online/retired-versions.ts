/**
 * Removing versions of views that nothing reads any more. A version is retired when the applied definitions do not have it and, where
 * they have a newer one, that one is online; it goes a grace later. It is announced first, so that no read still looks for it when its
 * values leave Redis, and leaves the catalog last, so that what was interrupted goes on the next time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog, LedgerEntry, LedgerKey, OnlinePosition } from '../catalog/catalog.ts';
import type { Manifest } from '../contracts/manifest.ts';
import { clockNow, type Micros } from '../contracts/time.ts';
import { decodePosition } from './position.ts';
import { ScriptRefusal, type RedisClient } from './redis-client.ts';
import { announceRemoval, REMOVAL_FENCE } from './store-content.ts';
import { epochKey, viewKeys } from './store-keys.ts';
import { removeKeys, removeValues, type ViewContent } from './value-removal.ts';

export interface RetiredVersionsRequest {
  readonly project: string;
  readonly graceMicros: number;
  readonly runId: string;
  readonly signal?: AbortSignal;
}

interface Stores {
  readonly catalog: Pick<Catalog, 'definitions' | 'intervals'>;
  readonly redis: RedisClient;
}

type RetiredVersion = LedgerKey & OnlinePosition;

/** Readers hold what they know of versions for a second. */
const READERS_LEARN_MILLIS = 2000;

/** Answers how many versions and values were removed. Throws `REDIS_UNAVAILABLE`; what is left then goes the next time. */
export async function removeRetiredVersions(
  stores: Stores,
  request: RetiredVersionsRequest,
): Promise<{ readonly versions: number; readonly keys: number }> {
  const retired = await findRetired(stores.catalog, request);
  if (retired.length === 0) return { versions: 0, keys: 0 };
  const contents = [];
  for (const version of retired) contents.push(await announce(stores.redis, version));
  await sleep(READERS_LEARN_MILLIS);
  let keys = 0;
  let versions = 0;
  for (const [index, version] of retired.entries()) {
    const removed = await removeVersion(contents[index], request.signal);
    if (removed === undefined) continue;
    await stores.catalog.intervals.withdrawOnline(ledgerKey(version), request.runId);
    keys += removed;
    versions += 1;
  }
  return { versions, keys };
}

async function findRetired(
  catalog: Stores['catalog'],
  { project, graceMicros }: RetiredVersionsRequest,
): Promise<readonly RetiredVersion[]> {
  const applied = await catalog.definitions.current(project);
  if (applied === undefined) return [];
  const now = clockNow();
  const retired: RetiredVersion[] = [];
  for (const version of await catalog.intervals.onlinePositions(project)) {
    const since = await retiredSince(catalog, applied.manifest, version);
    if (since !== undefined && now - since >= BigInt(graceMicros)) retired.push(version);
  }
  return retired;
}

/** Undefined for a version that the definitions have, or that still answers in place of theirs. */
async function retiredSince(
  { definitions, intervals }: Stores['catalog'],
  { project, views }: Manifest,
  version: RetiredVersion,
): Promise<Micros | undefined> {
  const present = views.find(({ name }) => name === version.view);
  if (present?.fingerprint === version.fingerprint) return undefined;
  const last = await definitions.withView(project, version.view, version.fingerprint);
  const left = last && (await definitions.byVersion(project, last.version + 1));
  if (left === undefined) return undefined;
  if (present?.kind !== 'feature' || !present.online) return left.appliedAt;
  const key = { project, view: present.name, fingerprint: present.fingerprint, store: 'online' } as const;
  if ((await intervals.onlinePosition(key)) === undefined) return undefined;
  const onlineSince = firstDone(await intervals.entries(key));
  return onlineSince !== undefined && onlineSince > left.appliedAt ? onlineSince : left.appliedAt;
}

/** When a version came online, after it was last taken out; undefined when its source had no rows. */
function firstDone(entries: readonly LedgerEntry[]): Micros | undefined {
  const lastRemoval = entries.findLastIndex(({ operation }) => operation === 'removed');
  return entries.slice(lastRemoval + 1).find(({ operation }) => operation === 'done')?.createdAt;
}

/** Undefined when Redis holds nothing of the version. */
async function announce(
  redis: RedisClient,
  { project, view, fingerprint, epoch: recorded }: RetiredVersion,
): Promise<ViewContent | undefined> {
  const keys = viewKeys(project, view, fingerprint);
  const [epoch, found] = await redis.read([epochKey(project), keys.fence]);
  if (epoch?.toString() !== recorded) return undefined;
  await ignoringRefusal(() =>
    announceRemoval(redis, project, keys, recorded, found ? decodePosition(found) : undefined),
  );
  return { redis, project, keys, epoch: recorded };
}

/** Answers how many values there were; undefined when the version has come back meanwhile. */
async function removeVersion(
  content: ViewContent | undefined,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  if (content === undefined) return 0;
  return ignoringRefusal(async () => {
    const { marker, stream, outbox, fence } = content.keys;
    await removeKeys(content, REMOVAL_FENCE, [marker]);
    const removed = await removeValues(content, REMOVAL_FENCE, signal);
    await removeKeys(content, REMOVAL_FENCE, [stream, outbox, fence]);
    return removed;
  });
}

/** A run of the version took over, or the content went: there is nothing left to remove. */
async function ignoringRefusal<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ScriptRefusal) return undefined;
    throw error;
  }
}

function ledgerKey({ project, view, fingerprint, store }: RetiredVersion): LedgerKey {
  return { project, view, fingerprint, store };
}
