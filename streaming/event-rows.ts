/**
 * Messages of one partition as rows of a view's event relation. What the lake puts into quarantine is left out here, and
 * nothing is written.
 */
import type { KafkaSourceManifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { laterInstant, type Micros } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import type { RowTable } from '../offline/event-relation.ts';
import { madeFileColumns } from '../offline/made-rows/made-input.ts';
import { makeRows } from '../offline/made-rows/made-rows.ts';
import { ROWS_OF_A_ROW } from '../offline/made-rows/map-rows.ts';
import { readArrivedRows, stageArrivedRows, type RowsOfView } from '../online/arrived-rows.ts';
import type { Announcement, StreamRow } from '../online/stream-writer.ts';
import { readMessages } from '../sources/topic-messages.ts';
import type { OffsetRange, TopicChunk } from '../sources/topic-reader.ts';

export interface StreamedView extends RowsOfView {
  /** With the rules of what a message must have. */
  readonly source: KafkaSourceManifest;
  /** For a view with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
  /** What is said of each row once it is in the values; absent when nothing is published. */
  readonly describe?: Announcement['describe'] | undefined;
}

export interface EventRows {
  /** In order of their offsets; a `map` may make several of one message. */
  readonly rows: readonly StreamRow[];
  /** Messages that cannot be rows, or break a rule of quarantine: the lake keeps them with the reason. */
  readonly rejected: number;
  /** Null without a row. */
  readonly newestEvent: Micros | null;
}

const MESSAGES_TABLE = 'messages';

/**
 * Reads the messages of a range, of which `sequenceStart` is the first one's sequence. Throws what `stageArrivedRows` throws,
 * and what making rows of them throws.
 */
export async function readEventRows(
  session: Session,
  streamed: StreamedView,
  range: OffsetRange & { readonly sequenceStart: bigint },
  chunk: TopicChunk,
): Promise<EventRows> {
  const { view, source } = streamed;
  const { sequenceStart } = range;
  const { reading } = await readMessages(session, source, range, { chunks: [chunk], table: MESSAGES_TABLE });
  const input = { reading, sequenceStart, take: null, skip: [] };
  const { table, rejected } = await stageArrivedRows(session, source, input, `stream of source ${source.name}`);
  const arrived = await readArrivedRows(session, await rowsOf(session, streamed, table), streamed);
  const rowsOfOne = view.rows?.kind === 'map' ? ROWS_OF_A_ROW : 1n;
  const rows = arrived.map((row) => ({
    ...row,
    offset: range.from + (row.order.sequence / rowsOfOne - sequenceStart),
  }));
  const newestEvent = arrived.map(({ order }) => order.event).reduce<Micros | null>(laterInstant, null);
  return { rows, rejected, newestEvent };
}

/** The rows themselves, or what the view makes of them one by one. */
async function rowsOf(session: Session, { view, source, runtime }: StreamedView, arrived: RowTable): Promise<RowTable> {
  if (view.rows === undefined) return arrived;
  const from = await makeRows({ session, runtime }, { view, base: source, files: [], arrived });
  return { from, columns: madeFileColumns(view, source) };
}
