/**
 * A stream into the online values of one view: which values it goes on from, and how far it has come. Offsets are kept for
 * the view, beside its values, and change in one step with them.
 */
import type { OnlinePosition } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { comparePositions, decodePosition, encodePosition, type Position } from './position.ts';
import { ScriptRefusal, type RedisClient } from './redis-client.ts';
import { ensureEpoch, isContentComplete } from './store-content.ts';
import { epochKey, viewKeys, type ViewKeys } from './store-keys.ts';
import { decodeOffsets, encodeOffsets, type StreamOffsets } from './stream-offsets.ts';
import { OPEN_STREAM_SCRIPT } from './stream-scripts.ts';

export interface ViewStream {
  readonly redis: RedisClient;
  readonly project: string;
  readonly view: FeatureViewManifest;
  /** As the view sees it. */
  readonly source: StoredSourceManifest;
  readonly keys: ViewKeys;
  readonly epoch: string;
  /** Of the materialization that the stream goes on from; `START` when there was none. */
  readonly position: Position;
  /** As they were when the stream was opened. */
  readonly offsets: StreamOffsets;
}

/** The position of values that hold nothing but what a stream brought. */
export const START: Position = { snapshot: 0, to: 0n };

/**
 * Opens the stream of a view version, for as many partitions and consumers as there are. `landed` says how far the rows of a
 * snapshot reach; undefined asks where to begin without a materialization. Throws `CONFLICT` while a materialization is
 * under way or has not ended well, `ONLINE_CONTENT_LOST` when Redis no longer has the materialization that was `recorded` last
 * and none is under way, `REDIS_UNAVAILABLE` when Redis is away or lost its content meanwhile.
 */
export async function openViewStream(
  { redis, project, view, source }: Pick<ViewStream, 'redis' | 'project' | 'view' | 'source'>,
  landed: (position: Position | undefined) => Promise<StreamOffsets>,
  recorded?: OnlinePosition,
): Promise<ViewStream> {
  const keys = viewKeys(project, view.name, view.fingerprint);
  const epoch = await ensureEpoch(redis, project);
  const [marker, fence] = (await redis.read([keys.marker, keys.fence])).map((held) =>
    held ? decodePosition(held) : undefined,
  );
  if (!isContentComplete(recorded, epoch, marker) && !isUnderWay(marker, fence)) {
    throw new AsofError('ONLINE_CONTENT_LOST', { view: view.name });
  }
  const position = marker ?? START;
  const offsets = await landed(marker);
  const found = await orStreamError(view, () =>
    redis.evaluate(
      OPEN_STREAM_SCRIPT,
      [epochKey(project), keys.fence, keys.marker, keys.stream],
      [
        epoch,
        marker === undefined ? '' : Buffer.from(encodePosition(marker)),
        Buffer.from(encodePosition(position)),
        ...encodeOffsets(offsets),
      ],
    ),
  );
  return { redis, project, view, source, keys, epoch, position, offsets: decodeOffsets(found as readonly Buffer[]) };
}

/** Whether a materialization is at work, or did not end: it has raised the fence, and its marker is not there yet. */
function isUnderWay(marker: Position | undefined, fence: Position | undefined): boolean {
  if (marker === undefined || fence === undefined) return fence !== undefined;
  return comparePositions(fence, marker) !== 0;
}

/** Throws `REDIS_UNAVAILABLE` when Redis is away or lost its content: without new rows nothing else would find it out. */
export async function requireContent({ redis, project, epoch }: ViewStream): Promise<void> {
  const [found] = await redis.read([epochKey(project)]);
  if (found?.toString() === epoch) return;
  const refusal = new ScriptRefusal('epoch');
  throw new AsofError('REDIS_UNAVAILABLE', { problem: refusal.message }, refusal);
}

/** What a refusal of a script means to a stream. */
export async function orStreamError<T>({ name }: FeatureViewManifest, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ScriptRefusal)) throw error;
    if (error.reason === 'epoch') throw new AsofError('REDIS_UNAVAILABLE', { problem: error.message }, error);
    const problem =
      'a materialization is under way or did not end; the stream goes on from what it leaves, when it is complete';
    throw new AsofError('CONFLICT', { where: `stream of view ${name}`, problem }, error);
  }
}
