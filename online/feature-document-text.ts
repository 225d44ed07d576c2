/**
 * The document of an online read as text, written for its shape: the same text as the document through `toJsonText`, without
 * the objects in between.
 */
import { formatInstant, type Micros } from '../contracts/time.ts';
import type { FeatureStatus, FeatureValue, JsonValue, ServedFrom } from '../contracts/values.ts';
import { hasNoEvent, type AnsweredColumn, type EntityAnswer } from './entity-answer.ts';
import { describeRead } from './feature-document.ts';
import type { OnlineCell } from './online-cell.ts';
import type { OnlineVectors } from './online-reads.ts';
import { formatJsonValue } from './value-json.ts';

const STATUSES: Readonly<Record<FeatureStatus, string>> = {
  PRESENT: '"PRESENT"',
  NULL: '"NULL"',
  DEFAULT: '"DEFAULT"',
  EXPIRED: '"EXPIRED"',
  MISSING: '"MISSING"',
  DENIED: '"DENIED"',
  UNAVAILABLE: '"UNAVAILABLE"',
};

const PLACES: Readonly<Record<ServedFrom, string>> = {
  online: '"online"',
  cache: '"cache"',
  lake: '"lake"',
  default: '"default"',
};

/** `toJsonText(formatFeatureDocument(vectors))`. */
export function writeFeatureDocument(vectors: OnlineVectors): string {
  const events = new Map<readonly EntityAnswer[], string>();
  const columns = [
    ...vectors.keys.map(({ cells }) => writeKeys(cells)),
    ...vectors.features.map((column) => writeColumn(column, events)),
  ];
  return `{"metadata":${JSON.stringify(describeRead(vectors))},"results":[${columns.join(',')}]}`;
}

/** The text of a column, but for its values, is mostly the same for all columns of a view. */
function writeColumn({ answers, place }: AnsweredColumn, events: Map<readonly EntityAnswer[], string>): string {
  const values: JsonValue[] = [];
  let isUniform = true;
  let lacksEvents = false;
  const [first] = answers;
  for (const { values: row, statuses, servedFrom } of answers) {
    values.push(jsonOf(row[place]!));
    const status = statuses[place]!;
    isUniform &&= status === first!.statuses[place] && servedFrom[place] === first!.servedFrom[place];
    lacksEvents ||= hasNoEvent(status);
  }
  let eventTexts = lacksEvents ? writeEvents(answers, place) : events.get(answers);
  if (eventTexts === undefined) events.set(answers, (eventTexts = writeEvents(answers, undefined)));
  const statuses = isUniform
    ? repeated(first && STATUSES[first.statuses[place]!], answers.length)
    : answers.map((answer) => STATUSES[answer.statuses[place]!]).join(',');
  const places = isUniform
    ? repeated(first && PLACES[first.servedFrom[place]!], answers.length)
    : answers.map(({ servedFrom }) => PLACES[servedFrom[place]!]).join(',');
  return `{"values":${JSON.stringify(values)},"statuses":[${statuses}],"event_timestamps":[${eventTexts}],"served_from":[${places}]}`;
}

function writeKeys(cells: readonly OnlineCell[]): string {
  const values = JSON.stringify(cells.map(({ value }) => jsonOf(value)));
  const statuses = cells.map(({ status }) => STATUSES[status]).join(',');
  const events = cells.map(({ eventTimestamp }) => writeEvent(eventTimestamp)).join(',');
  const places = cells.map(({ servedFrom }) => PLACES[servedFrom]).join(',');
  return `{"values":${values},"statuses":[${statuses}],"event_timestamps":[${events}],"served_from":[${places}]}`;
}

/** @param place a feature some of whose values have no event; undefined for those whose all values have that of their entity */
function writeEvents(answers: readonly EntityAnswer[], place: number | undefined): string {
  return answers
    .map(({ statuses, eventTimestamp }) =>
      writeEvent(place !== undefined && hasNoEvent(statuses[place]!) ? null : eventTimestamp),
    )
    .join(',');
}

function writeEvent(instant: Micros | null): string {
  return instant === null ? 'null' : `"${formatInstant(instant)}"`;
}

function repeated(text: string | undefined, count: number): string {
  return text === undefined ? '' : `${text}${`,${text}`.repeat(count - 1)}`;
}

/** Most values are numbers, and nothing has to be looked up. */
function jsonOf(value: FeatureValue): JsonValue {
  return typeof value === 'number' && Number.isFinite(value) ? value : formatJsonValue(value);
}
