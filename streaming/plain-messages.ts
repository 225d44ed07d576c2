/**
 * Rows of messages that are as nearly all are: flat objects whose values have the usual form of their types. They need no
 * engine. For every other message the engine decides, and for these it would decide the same.
 */
import type { ColumnManifest } from '../contracts/manifest.ts';
import { storedType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import { hasEvents, knowsCreated } from '../online/due-rows.ts';
import type { StreamRow } from '../online/stream-writer.ts';
import { FlatObject, MEMBER } from '../sources/flat-object.ts';
import { MOST_BYTES, type MessageJudge } from '../sources/message-faults.ts';
import { plainValueReader } from '../sources/plain-values.ts';
import { latestEvent } from '../sources/topic-messages.ts';
import type { TopicMessage } from '../sources/topic-reader.ts';
import type { StreamedView } from './event-rows.ts';

/** The row of a message with this sequence; undefined for one that is not plain. */
export type PlainReader = (message: TopicMessage, sequence: bigint, judge: MessageJudge) => StreamRow | undefined;

/** Undefined for a view of whose source no message is plain: its rows are made anew, may be deletes, or have rules of their own. */
export function createPlainReader({ view, source, merger, keys }: StreamedView): PlainReader | undefined {
  const { columns } = source;
  const required = requiredColumns(source.expectations);
  const placeOf = (name: string): number => columns.findIndex((column) => column.name === name);
  const keyPlaces = view.keys.map(({ column }) => placeOf(column));
  const isCast = view.keys.some(({ type }, index) => storedType(columns[keyPlaces[index]!]?.type ?? 'string') !== type);
  const created = source.created === null ? undefined : placeOf(source.created);
  if (required === undefined || isCast || created === -1 || view.rows !== undefined || source.operation !== null) {
    return undefined;
  }
  const event = placeOf(source.timestamp);
  const id = hasEvents(view, source) ? placeOf(source.eventId!) : undefined;
  const valuePlaces = merger.columns.map(placeOf);
  const needed = [...required, ...view.keys.map(({ column }) => column), source.timestamp];
  if (knowsCreated(view, source)) needed.push(source.created!);
  const object = new FlatObject(columns.map(({ from }) => from));
  const readValues = createValueReader(object, columns, source.timezone, new Set(needed));
  const allowsMore = source.contract.columns === 'evolve' || source.contract.columns === 'discard';
  return ({ offset, value, stampMillis }, sequence, judge) => {
    if (value === null || value.length > MOST_BYTES) return undefined;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const values = readValues(bytes);
    if (values === undefined) return undefined;
    const latest = latestEvent(stampMillis);
    const at = values[event] as bigint;
    if (latest !== null && at > latest) return undefined;
    // at last: names of a message that is not plain must not be known before it is judged
    if (object.others.length > 0 && !(allowsMore && object.others.every(judge.isStored))) return undefined;
    const entity = keyPlaces.map((place) => values[place]!);
    return {
      offset,
      key: keys.encode(entity),
      entity,
      order: { event: at, created: created === undefined ? null : (values[created] as bigint | null), sequence },
      values: valuePlaces.map((place) => values[place]!),
      id: id === undefined ? null : values[id]!,
    };
  };
}

/** The columns that the rules of a source ask to be there; undefined when it has other rules for its rows. */
function requiredColumns(rules: StreamedView['source']['expectations']): readonly string[] | undefined {
  const ofRows = rules.filter(({ level }) => level === 'row');
  const isPlain = ofRows.every(
    ({ type, onFailure, arguments: given }) =>
      type === 'expect_column_values_to_not_be_null' && onFailure === 'quarantine' && Object.keys(given).length === 1,
  );
  return isPlain ? ofRows.map(({ arguments: given }) => String(given['column'])) : undefined;
}

/** By column the values of a message; undefined when one of them is not plain, or is null and needed. */
function createValueReader(
  object: FlatObject,
  columns: readonly ColumnManifest[],
  timezone: string | null,
  needed: ReadonlySet<string>,
): (bytes: Buffer) => readonly EngineValue[] | undefined {
  const readers = columns.map(({ type }) => plainValueReader(type, timezone));
  const isNeeded = columns.map(({ name }) => needed.has(name));
  return (bytes) => {
    if (!object.scan(bytes)) return undefined;
    const values: EngineValue[] = [];
    for (const [place, read] of readers.entries()) {
      const kind = object.kind(place);
      const isNull = kind === MEMBER.ABSENT || kind === MEMBER.NULL;
      const value = isNull ? null : read?.(object, bytes, place);
      if (value === undefined || (value === null && isNeeded[place])) return undefined;
      values.push(value);
    }
    return values;
  };
}
