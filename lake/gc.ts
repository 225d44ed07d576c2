/** Removes what crashed or cancelled work left in the lake, and the files of expired snapshots. */
import type { Lake } from './lake.ts';
import { objectKinds } from './object-kind.ts';
import { stagingRunId } from './paths.ts';
import type { Catalog } from '../catalog/catalog.ts';

/** Longer than any write between its first byte and its commit: what is younger may still be committed. */
const DEFAULT_GRACE_MILLIS = 3 * 24 * 3_600_000;

export interface GarbageReport {
  /** In byte order; with `dryRun`, what would go. */
  readonly removed: readonly string[];
  readonly bytes: number;
  /** Objects that stay. */
  readonly kept: number;
}

/**
 * Removes orphans and staged work older than the grace, and files whose last snapshot expired that long ago. Any other
 * path that the catalog mentions stays, as does the staged work of a run that has not ended. However short the grace,
 * what was written since the oldest work under way began stays for three days: it may be about to be committed.
 */
export async function collectGarbage(input: {
  readonly catalog: Pick<Catalog, 'tables' | 'runs' | 'work'>;
  readonly lake: Lake;
  readonly project: string;
  /** The run that asks: it holds nothing back itself. */
  readonly exceptRun?: string | undefined;
  /** Default: three days. */
  readonly graceMillis?: number;
  readonly dryRun?: boolean;
  /** Called with the number of objects removed so far: for heartbeats and cancellation, which it throws. */
  readonly progress?: (removed: number) => void;
}): Promise<GarbageReport> {
  const { catalog, lake, project, dryRun = false } = input;
  const graceMillis = input.graceMillis ?? DEFAULT_GRACE_MILLIS;
  const now = Date.now();
  const oldest = now - graceMillis;
  // asked before the listing: what begins later has written nothing of what is listed
  const begun = await catalog.work.oldest(project, input.exceptRun);
  const unwritten =
    begun === undefined ? oldest : Math.min(oldest, Math.max(Number(begun) / 1000, now - DEFAULT_GRACE_MILLIS));
  let objects = 0;
  const old: { readonly path: string; readonly bytes: number }[] = [];
  for await (const object of lake.list('')) {
    objects += 1;
    if (object.modifiedMillis < oldest) old.push(object);
  }
  // asked after the listing: what was committed in between is known
  const kindOf = objectKinds(lake, await catalog.tables.knownPaths(project));
  const expired = await catalog.tables.expiredPaths(project, graceMillis * 1000);
  const isRunning = runningRuns(catalog);

  const removed: string[] = [];
  let bytes = 0;
  for (const object of old) {
    const kind = kindOf(object.path);
    if (kind === 'other' || (kind === 'known' && !expired.has(object.path))) continue;
    if (kind === 'staging' && (await isRunning(stagingRunId(object.path)))) continue;
    // a retry that meets its own old file makes it young again
    const found = await lake.stat(object.path);
    const before = kind === 'known' ? oldest : unwritten;
    if (found === undefined || found.modifiedMillis >= before) continue;
    if (!dryRun) await lake.remove(object.path);
    removed.push(object.path);
    bytes += object.bytes;
    input.progress?.(removed.length);
  }
  // those that an earlier call removed and did not live to tell are among them
  if (!dryRun) await forgetGone(input, expired);
  if (!dryRun) await lake.removeUnfinished(unwritten);
  return { removed, bytes, kept: objects - removed.length };
}

/** The catalog forgets expired files once the lake holds them no more. */
async function forgetGone(
  { catalog, lake, project }: Pick<Parameters<typeof collectGarbage>[0], 'catalog' | 'lake' | 'project'>,
  expired: ReadonlySet<string>,
): Promise<void> {
  const gone: string[] = [];
  for (const path of expired) if ((await lake.stat(path)) === undefined) gone.push(path);
  await catalog.tables.forgetFiles(project, gone);
}

/** Asks the catalog once for each run. */
function runningRuns(catalog: Pick<Catalog, 'runs'>): (runId: string | undefined) => Promise<boolean> {
  const answers = new Map<string, boolean>();
  return async (runId) => {
    if (runId === undefined) return false;
    const known = answers.get(runId);
    if (known !== undefined) return known;
    const running = (await catalog.runs.get(runId))?.state === 'running';
    answers.set(runId, running);
    return running;
  };
}
