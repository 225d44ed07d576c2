/**
 * The document of an online read as text, written for its shape: the same text as the document through `toJsonText`, without
 * the objects in between.
 */
import { formatInstant, type Micros } from '../contracts/time.ts';
import { toJsonText } from '../contracts/json-text.ts';
import type { FeatureStatus, FeatureValue, ServedFrom } from '../contracts/values.ts';
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
  const writeEvent = rememberingWriter();
  let results = '';
  for (const { cells } of [...vectors.keys, ...vectors.features]) {
    results += results === '' ? writeColumn(cells, writeEvent) : `,${writeColumn(cells, writeEvent)}`;
  }
  return `{"metadata":${toJsonText(describeRead(vectors))},"results":[${results}]}`;
}

type EventWriter = (instant: Micros | null, entity: number) => string;

/** All features of a view have the event time of one row for an entity: column after column it is the same. */
function rememberingWriter(): EventWriter {
  const instants: Micros[] = [];
  const texts: string[] = [];
  return (instant, entity) => {
    if (instant === null) return 'null';
    if (instants[entity] !== instant) {
      instants[entity] = instant;
      texts[entity] = `"${formatInstant(instant)}"`;
    }
    return texts[entity]!;
  };
}

function writeColumn(cells: readonly OnlineCell[], writeEvent: EventWriter): string {
  let values = '';
  let statuses = '';
  let events = '';
  let places = '';
  for (let entity = 0; entity < cells.length; entity += 1) {
    const { value, status, eventTimestamp, servedFrom } = cells[entity]!;
    const comma = entity === 0 ? '' : ',';
    values += comma + writeValue(value);
    statuses += comma + STATUSES[status];
    events += comma + writeEvent(eventTimestamp, entity);
    places += comma + PLACES[servedFrom];
  }
  return `{"values":[${values}],"statuses":[${statuses}],"event_timestamps":[${events}],"served_from":[${places}]}`;
}

function writeValue(value: FeatureValue): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return value === null ? 'null' : JSON.stringify(formatJsonValue(value));
  }
}
