import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  ColumnManifest,
  ContractMode,
  FileFormat,
  Metadata,
  RequestSourceManifest,
  SourceManifest,
  StoredSourceManifest,
} from '../../contracts/manifest.ts';
import { MICROS_PER_DAY } from '../../contracts/time.ts';
import { storedType } from '../../contracts/values.ts';
import { closestNames } from '../closest-names.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { isName, NAME_RULE } from '../names.ts';
import { normalizeColumns, requireColumn, type Columns } from './columns.ts';
import { DATABASE_OPTIONS, normalizeDatabase, requireCursor } from './databases.ts';
import type { Found } from './definition-set.ts';
import { normalizeExpectations } from './expectations.ts';
import { isRecord, OptionReader, show } from './option-reader.ts';
import type { Place } from './problems.ts';
import { normalizeSourceSchedule } from './schedules.ts';

const STORED_OPTIONS = [
  'schema',
  'timestamp',
  'created',
  'eventId',
  'operation',
  'primaryKey',
  'timezone',
  'allowedLateness',
  'schedule',
  'rename',
  'contract',
  'expectations',
  'retention',
];
/** Without those about the reading of inputs: rows come under our names, one by one. */
const PUSH_OPTIONS = STORED_OPTIONS.filter(
  (option) => !['primaryKey', 'schedule', 'rename', 'contract'].includes(option),
);
const PUSH_CONTRACT = { columns: 'freeze', types: 'freeze' } as const;
const CONTRACT_MODES = ['evolve', 'freeze', 'quarantine', 'discard'] as const satisfies readonly ContractMode[];
const FORMATS: Readonly<Record<string, FileFormat>> = {
  '.parquet': 'parquet',
  '.csv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

/** Relative paths become absolute from the project directory. */
export function normalizeSource(
  { definition }: Found<'source'>,
  place: Place,
  projectDirectory: string,
): SourceManifest {
  const { kind, name } = definition;
  switch (kind) {
    case 'request':
      return normalizeRequest(name, new OptionReader(definition.options, place, ['schema']));
    case 'file': {
      const options = new OptionReader(definition.options, place, [...STORED_OPTIONS, 'path']);
      const given = options.requiredText('path', "give a file, a glob, or 's3://bucket/prefix/*.parquet'");
      const format = formatOf(given, place);
      return { kind, ...normalizeStored(name, options, { kind }), path: resolvePath(given, projectDirectory), format };
    }
    case 'database': {
      const options = new OptionReader(definition.options, place, [...STORED_OPTIONS, ...DATABASE_OPTIONS]);
      const { url, table, query, cursor, lagMicros } = normalizeDatabase(options, projectDirectory);
      const stored = normalizeStored(name, options, { kind, query, cursor });
      requireNoWindow(stored, place, 'a database');
      if (cursor !== null) requireCursor(columnsOf(stored), { cursor, lagMicros }, place);
      return { kind, ...stored, url, table, query, cursor, lagMicros };
    }
    case 'kafka': {
      const options = new OptionReader(definition.options, place, [...STORED_OPTIONS, 'topic']);
      const topic = options.requiredText('topic', "name the topic, such as topic: 'raw_events'");
      requireTopicName(topic, place);
      const stored = normalizeStored(name, options, { kind }, normalizeContract(options, 'quarantine'));
      requireNoWindow(stored, place, 'a topic');
      return { kind, ...stored, topic };
    }
    case 'push': {
      const options = new OptionReader(definition.options, place, PUSH_OPTIONS);
      return { kind, ...normalizeStored(name, options, { kind }, PUSH_CONTRACT) };
    }
  }
}

function normalizeRequest(name: string, options: OptionReader): RequestSourceManifest {
  const columns = normalizeColumns(options);
  const fingerprint = fingerprintOf({ kind: 'request', name, columns });
  return { kind: 'request', name, fingerprint, columns, ...options.metadata() };
}

type StoredBase = Omit<Extract<StoredSourceManifest, { kind: 'kafka' }>, 'kind' | 'topic'> & Metadata;

/** Options that all stored sources share. Where the rows come from is not part of the fingerprint; `own` is. */
function normalizeStored(
  name: string,
  options: OptionReader,
  own: Readonly<Record<string, unknown>>,
  contract: StoredBase['contract'] = normalizeContract(options),
): StoredBase {
  const { place } = options;
  const [created, eventId] = [options.text('created'), options.text('eventId')];
  const declared = withCreated(normalizeColumns(options), created, place);
  const columns: Columns = new Map(declared.map((column) => [column.name, column]));
  const timestamp = options.requiredText('timestamp', 'name the column that says when the event happened');
  const meaning = {
    columns: declared,
    timestamp,
    created,
    eventId: eventId ?? rowIdentity(own['kind'], options),
    operation: options.text('operation'),
    primaryKey: options.texts('primaryKey'),
    timezone: normalizeZone(options),
    contract,
    expectations: normalizeExpectations(options.list('expectations'), columns, place),
  };
  if (timestamp !== '') requireInstants(columns, timestamp, place.in('timestamp'), place.text);
  if (meaning.created !== null) requireInstants(columns, meaning.created, place.in('created'), place.text);
  if (eventId !== null) requireColumn(columns, eventId, place.in('eventId'), place.text);
  if (meaning.operation !== null) requireOperation(columns, meaning.operation, place);
  for (const column of meaning.primaryKey) requireColumn(columns, column, place.in('primaryKey'), place.text);
  return {
    name,
    fingerprint: fingerprintOf({ ...own, name, ...meaning }),
    ...meaning,
    allowedLatenessMicros: options.duration('allowedLateness'),
    schedule: normalizeSourceSchedule(options),
    ...normalizeRetention(options),
    ...options.metadata(),
  };
}

/** Versions of one row of a database are one event, so that an update is not counted beside what it updates. */
function rowIdentity(kind: unknown, options: OptionReader): string | null {
  const [column, ...others] = kind === 'database' ? options.texts('primaryKey') : [];
  return others.length === 0 ? (column ?? null) : null;
}

function requireOperation(columns: Columns, name: string, source: Place): void {
  const place = source.in('operation');
  const column = requireColumn(columns, name, place, source.text);
  if (column === undefined || column.type === 'string') return;
  place.report(
    `column "${name}" is ${column.type}`,
    'an operation is a string: insert, update or delete, or their letters',
  );
}

/** A created column that the schema leaves out is a timestamp, unless the name looks like a slip for one that is there. */
function withCreated(
  declared: readonly ColumnManifest[],
  created: string | null,
  place: Place,
): readonly ColumnManifest[] {
  const names = declared.map(({ name }) => name);
  if (created === null || names.includes(created) || closestNames(created, names).length > 0) return declared;
  if (!isName(created)) place.in('created').report(`${show(created)} is not a valid name`, NAME_RULE);
  return [...declared, { name: created, type: 'timestamp', from: created }];
}

function requireInstants(columns: Columns, name: string, place: Place, owner: string): void {
  const column = requireColumn(columns, name, place, owner);
  if (column === undefined || storedType(column.type) === 'timestamp') return;
  place.report(
    `column "${name}" is ${column.type}`,
    "declare it as 'timestamp', or as 'timestamp[s]', 'timestamp[ms]' or 'timestamp[us]' for epoch integers",
  );
}

/** Counted in whole days, so a shorter one would delete nothing of today and all of yesterday. */
function normalizeRetention(options: OptionReader): Pick<StoredBase, 'retentionMicros'> {
  const micros = options.duration('retention');
  if (micros === null) return {};
  if (micros < MICROS_PER_DAY) {
    options.place.in('retention').report('it is shorter than a day', "give days, such as retention: '365d'");
  }
  return { retentionMicros: micros };
}

function normalizeZone(options: OptionReader): string | null {
  const zone = options.text('timezone');
  try {
    if (zone !== null) new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    options.place
      .in('timezone')
      .report(`${show(zone)} is not a time zone`, "give an IANA name such as 'Europe/Berlin'");
  }
  return zone;
}

/** A file that is wrong can be mended, a message cannot: `types` says what happens unless the contract does. */
function normalizeContract(options: OptionReader, types: ContractMode = 'freeze'): StoredBase['contract'] {
  const given = options.get('contract');
  if (given !== undefined && !isRecord(given)) {
    options.place
      .in('contract')
      .report(`${show(given)} is not a contract`, `write { columns: 'evolve', types: '${types}' }`);
  }
  const contract = new OptionReader(isRecord(given) ? given : {}, options.place.in('contract'), ['columns', 'types']);
  return {
    columns: contract.choice('columns', CONTRACT_MODES, 'evolve'),
    types: contract.choice('types', CONTRACT_MODES, types),
  };
}

/** Kafka's own rule. */
function requireTopicName(topic: string, place: Place): void {
  if (topic === '' || (/^[A-Za-z0-9._-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..')) return;
  place.in('topic').report(`${show(topic)} is not a name of a topic`, 'letters, digits, ".", "_" and "-", at most 249');
}

function requireNoWindow({ schedule }: StoredBase, place: Place, what: string): void {
  if (schedule === null || schedule.windowMicros === null) return;
  place
    .in('schedule')
    .in('window')
    .report(`${what} is read from where the last run ended, whatever the time of its events`, 'leave it out');
}

function formatOf(given: string, place: Place): FileFormat {
  const format = FORMATS[path.extname(given).toLowerCase()];
  if (format === undefined && given !== '') {
    place
      .in('path')
      .report(
        `"${given}" does not say its format`,
        `let it end in ${Object.keys(FORMATS).join(', ')}, such as data/*.parquet`,
      );
  }
  return format ?? 'parquet';
}

function resolvePath(given: string, projectDirectory: string): string {
  if (given.startsWith('s3://')) return given;
  return path.resolve(projectDirectory, given.startsWith('file://') ? fileURLToPath(given) : given);
}

function columnsOf(source: StoredBase): Columns {
  return new Map(source.columns.map((column) => [column.name, column]));
}
