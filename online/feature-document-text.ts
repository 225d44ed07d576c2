/**
 * The document of an online read as text, written for its shape: the same text as the document through `toJsonText`, without
 * the objects in between.
 */
import { formatInstant, type Micros } from '../contracts/time.ts';
import type { FeatureStatus, FeatureValue, ServedFrom } from '../contracts/values.ts';
import { hasNoEvent, isUniform, type AnsweredColumn, type EntityAnswer } from './entity-answer.ts';
import { describePositions } from './feature-document.ts';
import { onceForEach } from './once-for-each.ts';
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
export function writeFeatureDocument({ names, keys, features, versions, positions }: OnlineVectors): string {
  const shared = new Map<readonly EntityAnswer[], string | null>();
  const columns = keys.map(({ cells }) => writeKeys(cells));
  for (const column of features) columns.push(writeColumn(column, shared));
  const position = JSON.stringify(describePositions(positions));
  const metadata = `{"feature_names":${textOf(names)},"versions":${textOf(versions)},"position":${position}}`;
  return `{"metadata":${metadata},"results":[${columns.join(',')}]}`;
}

/** Of what all reads of a plan share. */
const textOf = onceForEach((shared: object): string => JSON.stringify(shared));

/** @param shared the text of a view's columns but for their values, where it is the same for all of them */
function writeColumn({ answers, place }: AnsweredColumn, shared: Map<readonly EntityAnswer[], string | null>): string {
  let rest = shared.get(answers);
  if (rest === undefined) shared.set(answers, (rest = answers.every(isUniform) ? writeRest(answers, 0) : null));
  return `{"values":[${writeValues(answers, place)}],${rest ?? writeRest(answers, place)}}`;
}

function writeValues(answers: readonly EntityAnswer[], place: number): string {
  let text = '';
  for (const { values } of answers) text += text === '' ? writeValue(values[place]!) : `,${writeValue(values[place]!)}`;
  return text;
}

/** @param place among the features of the answers */
function writeRest(answers: readonly EntityAnswer[], place: number): string {
  const statuses = answers.map((answer) => STATUSES[answer.statuses[place]!]).join(',');
  const events = answers.map(({ statuses, eventTimestamp }) =>
    writeEvent(hasNoEvent(statuses[place]!) ? null : eventTimestamp),
  );
  const places = answers.map(({ servedFrom }) => PLACES[servedFrom[place]!]).join(',');
  return `"statuses":[${statuses}],"event_timestamps":[${events.join(',')}],"served_from":[${places}]`;
}

function writeKeys(cells: readonly OnlineCell[]): string {
  const values = cells.map(({ value }) => writeValue(value)).join(',');
  const statuses = cells.map(({ status }) => STATUSES[status]).join(',');
  const events = cells.map(({ eventTimestamp }) => writeEvent(eventTimestamp)).join(',');
  const places = cells.map(({ servedFrom }) => PLACES[servedFrom]).join(',');
  return `{"values":[${values}],"statuses":[${statuses}],"event_timestamps":[${events}],"served_from":[${places}]}`;
}

function writeEvent(instant: Micros | null): string {
  return instant === null ? 'null' : `"${formatInstant(instant)}"`;
}

/** Most values are numbers, and nothing has to be looked up. */
function writeValue(value: FeatureValue): string {
  return typeof value === 'number' && Number.isFinite(value) ? `${value}` : JSON.stringify(formatJsonValue(value));
}
