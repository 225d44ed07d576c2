/**
 * Messages of one partition as rows of a view's event relation. What the lake puts into quarantine is left out here, and
 * nothing is written.
 */
import type { KafkaSourceManifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { laterInstant, type Micros } from '../contracts/time.ts';
import type { Engine, Session } from '../engine/engine.ts';
import type { RowTable } from '../offline/event-relation.ts';
import { madeFileColumns } from '../offline/made-rows/made-input.ts';
import { makeRows } from '../offline/made-rows/made-rows.ts';
import { ROWS_OF_A_ROW } from '../offline/made-rows/map-rows.ts';
import { readArrivedRows, stageArrivedRows, type RowsOfView } from '../online/arrived-rows.ts';
import type { Announcement, StreamRow } from '../online/stream-writer.ts';
import { messageJudge, type MessageJudge } from '../sources/message-faults.ts';
import { readMessages } from '../sources/topic-messages.ts';
import type { OffsetRange, TopicMessage } from '../sources/topic-reader.ts';
import { createPlainReader } from './plain-messages.ts';

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

/** Of which `sequenceStart` is the first message's sequence. */
type SequencedRange = OffsetRange & { readonly sequenceStart: bigint };

type EventReader = (range: SequencedRange, messages: readonly TopicMessage[]) => Promise<EventRows>;

/** Throws what `stageArrivedRows` throws, and what making rows of messages throws. */
export function createEventReader(engine: Pick<Engine, 'session'>, streamed: StreamedView): EventReader {
  const readPlain = createPlainReader(streamed);
  return async (range, messages) => {
    const { sequenceStart, from } = range;
    const judge = messageJudge(streamed.source);
    const rows: StreamRow[] = [];
    const others: TopicMessage[] = [];
    for (const message of messages) {
      const row = readPlain?.(message, sequenceStart + (message.offset - from), judge);
      if (row !== undefined) rows.push(row);
      else {
        others.push(message);
        // names of members are judged in the order in which they come
        judge(message.value);
      }
    }
    if (others.length === 0) return { rows, rejected: 0, newestEvent: newestOf(rows) };
    const made = await engine.session((session) => readByEngine(session, streamed, range, { messages: others, judge }));
    const all = rows.length === 0 ? made.rows : [...rows, ...made.rows].sort(bySequence);
    return { rows: all, rejected: made.rejected, newestEvent: newestOf(all) };
  };
}

function newestOf(rows: readonly StreamRow[]): Micros | null {
  let newest: Micros | null = null;
  for (const { order } of rows) newest = laterInstant(newest, order.event);
  return newest;
}

function bySequence(a: StreamRow, b: StreamRow): number {
  return a.order.sequence < b.order.sequence ? -1 : 1;
}

/** Reads messages of a range, whatever they are. */
async function readByEngine(
  session: Session,
  streamed: StreamedView,
  range: SequencedRange,
  { messages, judge }: { readonly messages: readonly TopicMessage[]; readonly judge: MessageJudge },
): Promise<Omit<EventRows, 'newestEvent'>> {
  const { view, source } = streamed;
  const { sequenceStart } = range;
  const chunks = [{ messages, lost: null }];
  const { reading } = await readMessages(session, source, range, { chunks, table: MESSAGES_TABLE, judge });
  const input = { reading, sequenceStart, take: null, skip: [] };
  const { table, rejected } = await stageArrivedRows(session, source, input, `stream of source ${source.name}`);
  const arrived = await readArrivedRows(session, await rowsOf(session, streamed, table), streamed);
  const rowsOfOne = view.rows?.kind === 'map' ? ROWS_OF_A_ROW : 1n;
  const rows = arrived.map((row) => ({
    ...row,
    offset: range.from + (row.order.sequence / rowsOfOne - sequenceStart),
  }));
  return { rows, rejected };
}

/** The rows themselves, or what the view makes of them one by one. */
async function rowsOf(session: Session, { view, source, runtime }: StreamedView, arrived: RowTable): Promise<RowTable> {
  if (view.rows === undefined) return arrived;
  const from = await makeRows({ session, runtime }, { view, base: source, files: [], arrived });
  return { from, columns: madeFileColumns(view, source) };
}
