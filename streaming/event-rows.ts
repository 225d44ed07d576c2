/**
 * Messages of one partition as rows of a view's event relation: cast, judged and numbered as the lake's are, by the same
 * code. What the lake puts into quarantine is left out here, and nothing is written.
 */
import { SEQUENCE_COLUMN } from '../contracts/lake.ts';
import type { FeatureViewManifest, KafkaSourceManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import { rejectRows, REJECTED_TABLE } from '../ingestion/rejected-rows.ts';
import { fillStagedTable, STAGED_TABLE } from '../ingestion/staged-table.ts';
import { eventRelation, relationKeys, type RowTable } from '../offline/event-relation.ts';
import { madeFileColumns } from '../offline/made-rows/made-input.ts';
import { makeRows } from '../offline/made-rows/made-rows.ts';
import { ROWS_OF_A_ROW } from '../offline/made-rows/map-rows.ts';
import { keyedSql } from '../online/due-rows.ts';
import type { KeyEncoder } from '../online/entity-key.ts';
import { isDeleted, readCells, readRowOrder, rowPlaces, rowSelection } from '../online/row-selection.ts';
import type { StateMerger } from '../online/state-merger.ts';
import type { StreamRow } from '../online/stream-writer.ts';
import { refuseBrokenRows } from '../quality/row-gate.ts';
import { readMessages } from '../sources/topic-messages.ts';
import type { OffsetRange, TopicChunk } from '../sources/topic-reader.ts';

export interface StreamedView {
  readonly view: FeatureViewManifest;
  /** With the rules of what a message must have. */
  readonly source: KafkaSourceManifest;
  /** As the view sees it. */
  readonly seen: StoredSourceManifest;
  readonly merger: StateMerger;
  readonly keys: KeyEncoder;
  /** For a view with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
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
 * Reads the messages of a range, of which `sequenceStart` is the first one's sequence. Throws `QUALITY_GATE` for a rule that
 * refuses them and `INPUT_VALUE_INVALID` for a value that a frozen contract does not let pass: their ingestion would stop too;
 * and what making rows of them throws.
 */
export async function readEventRows(
  session: Session,
  streamed: StreamedView,
  range: OffsetRange & { readonly sequenceStart: bigint },
  chunk: TopicChunk,
): Promise<EventRows> {
  const { view, source, seen, merger, keys: encoder } = streamed;
  const { sequenceStart } = range;
  const { reading } = await readMessages(session, source, range, { chunks: [chunk], table: MESSAGES_TABLE });
  const inputs = [{ reading, sequenceStart, take: null, skip: [] }];
  const columns = await fillStagedTable(session, source, inputs);
  refuseBrokenRows(source, await rejectRows(session, source, inputs), `stream of source ${source.name}`);
  const arrived = { from: STAGED_TABLE, columns: [{ name: SEQUENCE_COLUMN, type: 'int64' } as const, ...columns] };
  const made = await rowsOf(session, streamed, arrived);
  const rowsOfOne = view.rows?.kind === 'map' ? ROWS_OF_A_ROW : 1n;
  const identity = view.mode === 'aggregate' && seen.eventId !== null ? [seen.eventId] : [];
  const wanted = [...merger.columns, ...identity];
  const relation = eventRelation({ table: 'source', files: [], made, view, source: seen, columns: wanted });
  const keys = relationKeys(view);
  const places = rowPlaces(keys.length, wanted.length);
  const select = `SELECT ${rowSelection(keys, wanted, seen.operation !== null)} FROM (${relation}) WHERE ${keyedSql(view)} ORDER BY __seq`;
  const rows: StreamRow[] = [];
  let newestEvent: Micros | null = null;
  for await (const batch of session.stream(select)) {
    for (let row = 0; row < batch.rows; row += 1) {
      const order = readRowOrder(batch, places, row);
      const values = readCells(batch, places.values, row);
      const id = identity.length === 0 ? null : values.pop()!;
      rows.push({
        offset: range.from + (order.sequence / rowsOfOne - sequenceStart),
        key: encoder.encode(readCells(batch, places.keys, row)),
        order,
        values: isDeleted(batch, places, row) ? null : values,
        id,
      });
      if (newestEvent === null || order.event > newestEvent) newestEvent = order.event;
    }
  }
  const [counted] = await session.rows(`SELECT count(*) AS n FROM ${REJECTED_TABLE}`);
  return { rows, rejected: Number(counted!['n']), newestEvent };
}

/** The rows themselves, or what the view makes of them one by one. */
async function rowsOf(session: Session, { view, source, runtime }: StreamedView, arrived: RowTable): Promise<RowTable> {
  if (view.rows === undefined) return arrived;
  const from = await makeRows({ session, runtime }, { view, base: source, files: [], arrived });
  return { from, columns: madeFileColumns(view, source) };
}
