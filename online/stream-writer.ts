/**
 * Adds the rows of a stretch of a partition to the online values of a view, exactly once: values and offset change in one
 * step inside Redis, or not at all. Streams of other partitions may change the same keys meanwhile; what they changed is
 * read again.
 */
import { hash } from 'node:crypto';
import { AsofError } from '../contracts/errors.ts';
import { startArguments } from './encoded-arguments.ts';
import { encodePosition } from './position.ts';
import type { EntityKey } from './entity-key.ts';
import { encodeOutgoing, publishLeft, publishStep, type OutgoingMessage, type Publish } from './stream-outbox.ts';
import { lifeMillis } from './state-life.ts';
import type { ArrivedRow, StateMerger } from './state-merger.ts';
import { epochKey } from './store-keys.ts';
import { UPDATE_SCRIPT } from './stream-scripts.ts';
import { orStreamError, type ViewStream } from './view-stream.ts';

export interface StreamRow extends ArrivedRow {
  readonly offset: bigint;
  /** As the view's key encoder writes it. */
  readonly key: Uint8Array;
  /** The key itself, for those who tell of the row. */
  readonly entity?: EntityKey;
}

/** Tells of rows once they are in the values. */
export interface Announcement {
  /** What is said of a row that has just been taken into the state of its key. */
  readonly describe: (row: StreamRow, state: Uint8Array, partition: number) => readonly OutgoingMessage[];
  readonly publish: Publish;
}

export interface StreamBatch {
  readonly partition: number;
  /** The first offset of the batch, and the one after its last; offsets without rows are passed over. */
  readonly fromOffset: bigint;
  readonly toOffset: bigint;
  /** By offset; several rows may have one offset. */
  readonly rows: readonly StreamRow[];
}

export interface StreamCounts {
  readonly applied: number;
  /** Of them, rows of events that came too late and were left out: they wait in the lake. */
  readonly late: number;
  /** Rows that were in the values already. */
  readonly replayed: number;
}

/** Keys of one step, for the same reasons as those of a batch of a materialization. */
const STEP_KEYS = 256;
/** Each one loses against a writer that has got further, so that only as many racing writers as this can stop it. */
const MOST_ATTEMPTS = 20;

/** A stretch of rows that is applied as one. */
interface Step {
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly rows: readonly StreamRow[];
  /** By the bytes of the key, one character for each. */
  readonly byKey: ReadonlyMap<string, readonly StreamRow[]>;
}

/** The new value of a key, and the version of the stored one that it was made from. */
interface Update {
  readonly version: string;
  readonly state: Uint8Array;
  readonly late: number;
  readonly told: readonly Told[];
}

/** What is said of a row. */
interface Told {
  readonly row: StreamRow;
  readonly messages: readonly OutgoingMessage[];
}

/**
 * Applies a batch in steps. Offsets before the stored one are replays and change nothing. Throws `CONFLICT` when offsets
 * between the stored one and `fromOffset` were never applied, when a materialization has taken over, or when other writers
 * win again and again; `REDIS_UNAVAILABLE` when Redis is away or lost its content. What was applied until then stays, and
 * the same batch may be given again. With an announcement also what publishing throws; what was not published then stays in
 * the outbox.
 */
export async function applyEvents(
  stream: ViewStream,
  merger: StateMerger,
  batch: StreamBatch,
  announcement?: Announcement,
): Promise<StreamCounts> {
  let applied = 0;
  let late = 0;
  let from = batch.fromOffset;
  let place = 0;
  while (from < batch.toOffset) {
    while (place < batch.rows.length && batch.rows[place]!.offset < from) place += 1;
    const { rows, byKey } = takeStep(batch.rows, place);
    const next = batch.rows[place + rows.length];
    const step = { partition: batch.partition, from, to: next?.offset ?? batch.toOffset, rows, byKey };
    const done = await applyStep(stream, merger, step, announcement);
    if (done.reached < from) throw missingOffsets(stream, step, done.reached);
    if (done.reached === from) {
      applied += rows.length;
      late += done.late;
      if (announcement) await publishStep(stream, announcement.publish, step, done.messages);
    } else if (announcement) {
      // whoever applied it may have died since
      await publishLeft(stream, announcement.publish, new Set([batch.partition]));
    }
    from = done.reached === from ? step.to : done.reached;
  }
  return { applied, late, replayed: batch.rows.length - applied };
}

/** The rows from a place on that have few enough keys. Rows of one offset stay together. */
function takeStep(rows: readonly StreamRow[], start: number): Pick<Step, 'rows' | 'byKey'> {
  const byKey = new Map<string, StreamRow[]>();
  let end = start;
  while (end < rows.length) {
    const row = rows[end]!;
    const text = textOf(row.key);
    const known = byKey.get(text);
    if (known === undefined && byKey.size >= STEP_KEYS && row.offset !== rows[end - 1]!.offset) break;
    if (known) known.push(row);
    else byKey.set(text, [row]);
    end += 1;
  }
  return { rows: rows.slice(start, end), byKey };
}

/** The offset that was stored: that of the step when it was applied. */
async function applyStep(
  stream: ViewStream,
  merger: StateMerger,
  step: Step,
  announcement: Announcement | undefined,
): Promise<{ readonly reached: bigint; readonly late: number; readonly messages: readonly OutgoingMessage[] }> {
  const keys = [...step.byKey.values()].map((rows) => ({
    name: Buffer.concat([stream.keys.values, rows[0]!.key]),
    rows,
  }));
  const updates: Update[] = [];
  let stale = keys.map((_, index) => index);
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const names = stale.map((index) => keys[index]!.name);
    const stored = merger.needsStored && names.length > 0 ? await stream.redis.read(names) : names.map(() => null);
    stale.forEach((index, at) => {
      const { rows } = keys[index]!;
      const merged = announcement
        ? mergeOneByOne(stream, merger, stored[at]!, { rows, partition: step.partition, announcement })
        : { ...merger.merge(stored[at]!, rows, stream.position), told: [] };
      const { state, late, told } = merged;
      updates[index] = { version: versionOf(stored[at]!), state, late, told };
    });
    const messages = announcement ? inOrder(step.rows, updates) : [];
    const [reached, ...conflicts] = await update(
      stream,
      { ...step, outgoing: encodeOutgoing(messages) },
      keys.map(({ name }) => name),
      updates,
    );
    if (conflicts.length === 0) {
      return { reached, late: updates.reduce((sum, { late }) => sum + late, 0), messages };
    }
    stale = conflicts.map((index) => index - 1);
  }
  const problem = `other writers changed the same keys at each of ${MOST_ATTEMPTS} attempts; it may be applied again`;
  throw new AsofError('CONFLICT', { where: whereOf(stream, step), problem });
}

/** Takes the rows of a key in one after the other: each is told of with the state that it leaves. */
function mergeOneByOne(
  stream: ViewStream,
  merger: StateMerger,
  stored: Uint8Array | null,
  work: Pick<StreamBatch, 'partition' | 'rows'> & { readonly announcement: Announcement },
): { readonly state: Uint8Array; readonly late: number; readonly told: readonly Told[] } {
  const { partition, rows, announcement } = work;
  let state = stored;
  let late = 0;
  const told: Told[] = [];
  for (const row of rows) {
    const merged = merger.merge(state, [row], stream.position);
    state = merged.state;
    late += merged.late;
    if (merged.late === 0) told.push({ row, messages: announcement.describe(row, state, partition) });
  }
  return { state: state!, late, told };
}

/** In the order of the rows in their partition. */
function inOrder(rows: readonly StreamRow[], updates: readonly Update[]): readonly OutgoingMessage[] {
  const byRow = new Map(updates.flatMap(({ told }) => told.map(({ row, messages }) => [row, messages] as const)));
  return rows.flatMap((row) => byRow.get(row) ?? []);
}

async function update(
  { redis, project, view, keys, epoch, position }: ViewStream,
  { partition, from, to, outgoing }: Step & { readonly outgoing: string },
  names: readonly Buffer[],
  updates: readonly Update[],
): Promise<readonly [reached: bigint, ...conflicts: number[]]> {
  const own = [epochKey(project), keys.fence, keys.stream, keys.outbox].map((name) => Buffer.from(name));
  const written = startArguments([...own, ...names]);
  const numbers = [lifeMillis(view), partition, from, to].map((one) => Buffer.from(String(one)));
  const values = startArguments([Buffer.from(epoch), encodePosition(position), ...numbers, Buffer.from(outgoing)]);
  for (const { version, state } of updates) {
    values.add(Buffer.from(version));
    values.add(state);
  }
  const answer = await orStreamError(view, () => redis.evaluateEncoded(UPDATE_SCRIPT, written, values));
  const [reached, ...conflicts] = answer as [Buffer, ...number[]];
  return [BigInt(reached.toString()), ...conflicts];
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

function versionOf(state: Uint8Array | null): string {
  return state === null ? '' : hash('sha1', state, 'hex').slice(0, 16);
}

function missingOffsets(stream: ViewStream, step: Step, reached: bigint): AsofError {
  const problem = `offsets ${reached} to ${step.from} were never applied; go on from ${reached}`;
  return new AsofError('CONFLICT', { where: whereOf(stream, step), problem });
}

function whereOf({ view }: ViewStream, { partition }: Step): string {
  return `stream of view ${view.name}, partition ${partition}`;
}
