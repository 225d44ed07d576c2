/** Messages of one partition as rows of their source: JSON objects; what cannot be a row becomes a fault, never a failure. */
import type { KafkaSourceManifest } from '../contracts/manifest.ts';
import { MICROS_PER_DAY } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import { identifierList, quoteIdentifier } from '../engine/sql.ts';
import { jsonRelation } from './jsonl-relation.ts';
import { MESSAGE_FAULTS, messageJudge, type MessageFault, type MessageJudge } from './message-faults.ts';
import { planReading } from './reading.ts';
import { FAULT_COLUMN, RAW_COLUMN, ROW_COLUMN, type Reading, type ValueCheck } from './source.ts';
import type { OffsetRange, TopicChunk } from './topic-reader.ts';

const FAULT_NAMES = Object.keys(MESSAGE_FAULTS) as readonly MessageFault[];
/** An event may be ahead of its message, by clocks that differ, but not by more than this. */
const MOST_AHEAD_MICROS = MICROS_PER_DAY;
const TOO_FAR_AHEAD = 'its event time is more than a day after the time of its message';

export interface ReadMessages {
  readonly reading: Reading;
  readonly lost: readonly OffsetRange[];
}

export interface MessagesToRead {
  readonly chunks: AsyncIterable<TopicChunk> | Iterable<TopicChunk>;
  readonly table: string;
  /** One that has judged other messages of the range. */
  readonly judge?: MessageJudge;
}

/** What errors, the quarantine and lineage call a partition. */
export function partitionPath({ topic, partition }: Pick<OffsetRange, 'topic' | 'partition'>): string {
  return `kafka:${topic}/${partition}`;
}

/**
 * Copies the messages of a range into `table`, a temporary table that does not exist yet, and plans how they become rows:
 * `ROW_COLUMN` is the offset less that of the range's beginning. The verdict on a message depends on the message alone.
 */
export async function readMessages(
  session: Session,
  source: KafkaSourceManifest,
  range: OffsetRange,
  { chunks, table, judge = messageJudge(source) }: MessagesToRead,
): Promise<ReadMessages> {
  await session.run(`CREATE TEMP TABLE ${table} ("row" BIGINT, latest TIMESTAMP, fault INTEGER, "text" VARCHAR)`);
  const lost: OffsetRange[] = [];
  for await (const chunk of chunks) {
    if (chunk.lost !== null) lost.push(chunk.lost);
    const judged = chunk.messages.map(({ value }) => judge(value));
    if (judged.length === 0) continue;
    await session.append(table, [
      { values: BigInt64Array.from(chunk.messages, ({ offset }) => offset - range.from) },
      { values: chunk.messages.map(({ stampMillis }) => latestEvent(stampMillis)) },
      { values: judged.map(({ fault }) => (fault === null ? null : FAULT_NAMES.indexOf(fault))) },
      { values: judged.map(({ text }) => text) },
    ]);
  }
  // the engine is stricter than JavaScript, about halves of surrogate pairs for one
  await session.run(
    `UPDATE ${table} SET fault = ${FAULT_NAMES.indexOf('json')} WHERE fault IS NULL AND NOT json_valid("text")`,
  );
  return { reading: await planMessages(session, source, range, table), lost };
}

/** The latest event time that a message may tell of, in microseconds; null where nothing says when the message came. */
export function latestEvent(stampMillis: number | null): bigint | null {
  return stampMillis === null ? null : BigInt(stampMillis) * 1000n + BigInt(MOST_AHEAD_MICROS);
}

async function planMessages(
  session: Session,
  source: KafkaSourceManifest,
  range: OffsetRange,
  table: string,
): Promise<Reading> {
  const path = partitionPath(range);
  const always = source.columns.map(({ from }) => from);
  const lines = `(SELECT "row", (CASE WHEN fault IS NULL THEN "text" ELSE '{}' END)::JSON AS json FROM ${table})`;
  const relation = await jsonRelation(
    session,
    { where: source.name, path, expected: always, always, row: '"row"' },
    lines,
  );
  const jsonSql = `SELECT "row" AS ${ROW_COLUMN}, "text" AS ${RAW_COLUMN} FROM ${table}`;
  const planned = planReading(source, path, { ...relation, jsonSql });
  const own = [...FAULT_NAMES.map((name) => MESSAGE_FAULTS[name]), TOO_FAR_AHEAD].map(messageCheck);
  const first = planned.checks.length + 1;
  const faults = [
    `messages.fault + ${first}`,
    `planned.${FAULT_COLUMN}`,
    `CASE WHEN planned.${quoteIdentifier(source.timestamp)} > messages.latest THEN ${first + FAULT_NAMES.length} END`,
  ];
  const columns = identifierList(planned.columns.map(({ name }) => name));
  return {
    ...planned,
    sql:
      `SELECT ${ROW_COLUMN}, ${columns}, coalesce(${faults.join(', ')})::INTEGER AS ${FAULT_COLUMN} ` +
      `FROM (${planned.sql}) planned JOIN ${table} messages ON messages."row" = planned.${ROW_COLUMN}`,
    checks: [...planned.checks, ...own],
    firstRow: range.from,
    message: { topic: range.topic, partition: range.partition },
  };
}

/** Of the message as a whole: there is no value to show. */
function messageCheck(words: string): ValueCheck {
  return { column: '', from: '', type: '', alias: 'NULL', quarantine: true, words };
}
