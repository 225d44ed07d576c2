/** `schedule` of sources, views and services: text or an object to times with their defaults, and what else a run is told. */
import path from 'node:path';
import type {
  ScheduledDatasetManifest,
  ServiceScheduleManifest,
  SourceScheduleManifest,
  ViewScheduleManifest,
} from '../../contracts/manifest.ts';
import { SCHEDULE_OVERLAPS, type ScheduledSpine, type ScheduleTimes } from '../../contracts/schedules.ts';
import type { SpineSource } from '../../contracts/datasets.ts';
import { MICROS_PER_SECOND } from '../../contracts/time.ts';
import { findCronProblem } from '../cron.ts';
import { isName, NAME_RULE } from '../names.ts';
import { findZone } from '../zones.ts';
import { isRecord, OptionReader, show } from './option-reader.ts';
import { Place, Problems } from './problems.ts';

const TIMES = ['cron', 'every', 'offset', 'timezone', 'jitter', 'overlap', 'catchup'];
const MEND = "give a cron expression such as '0 6 * * *', or { cron: … } or { every: '1h' }";

/** Null without a schedule. */
export function normalizeSourceSchedule(options: OptionReader): SourceScheduleManifest | null {
  const given = readSchedule(options, ['window']);
  if (given === undefined) return null;
  const times = normalizeTimes(given);
  const windowMicros = given.duration('window');
  checkCoverage(times, windowMicros, given.place);
  return { ...times, windowMicros };
}

/** Null without a schedule. `online` is the view's: without it there is nothing to materialize, and the schedule backfills. */
export function normalizeViewSchedule(
  options: OptionReader,
  { online, offline }: { readonly online: boolean; readonly offline: boolean },
): ViewScheduleManifest | null {
  const given = readSchedule(options, ['window', 'chunk']);
  if (given === undefined) return null;
  const { place } = given;
  const times = normalizeTimes(given);
  const windowMicros = given.duration('window');
  const chunkMicros = given.duration('chunk');
  const isBackfill = windowMicros !== null || !online;
  if (windowMicros === null && !online) {
    place.report(
      'the view is not online, so each run is a backfill, and nothing says how far back it looks',
      "give { …, window: '7d' }, longer than the time between runs, or declare online: true",
    );
  }
  if (isBackfill && !offline) place.report('the view has no table of its own to backfill', 'leave out offline: false');
  if (!isBackfill && chunkMicros !== null) {
    place.in('chunk').report('nothing is backfilled without a window', "give window: '7d' too, or leave it out");
  }
  checkCoverage(times, windowMicros, place);
  return { ...times, windowMicros, chunkMicros };
}

/** Undefined without a schedule. `hasOnline` says whether the service reads a view that is online. */
export function normalizeServiceSchedule(
  options: OptionReader,
  { hasOnline, projectDirectory }: { readonly hasOnline: boolean; readonly projectDirectory: string },
): ServiceScheduleManifest | undefined {
  const given = readSchedule(options, ['dataset']);
  if (given === undefined) return undefined;
  const times = normalizeTimes(given);
  if (given.get('dataset') !== undefined) {
    return { ...times, dataset: normalizeDataset(given, projectDirectory) };
  }
  if (!hasOnline) {
    given.place.report(
      'the service reads no view that is online, so there is nothing to materialize',
      'declare online: true on its views, or say which dataset to build: { …, dataset: { spine: … } }',
    );
  }
  return { ...times, dataset: null };
}

function readSchedule(options: OptionReader, own: readonly string[]): OptionReader | undefined {
  const value = options.get('schedule');
  if (value === undefined) return undefined;
  const place = options.place.in('schedule');
  if (typeof value === 'string') return new OptionReader({ cron: value }, place, [...TIMES, ...own]);
  if (isRecord(value)) return new OptionReader(value, place, [...TIMES, ...own], []);
  place.report(`${show(value)} is not a schedule`, MEND);
  return undefined;
}

function normalizeTimes(given: OptionReader): ScheduleTimes {
  const { place } = given;
  const cron = readCron(given);
  const everyMicros = readSeconds(given, 'every');
  const offsetMicros = readSeconds(given, 'offset') ?? 0;
  const jitterMicros = readSeconds(given, 'jitter') ?? 0;
  const catchupMicros = readSeconds(given, 'catchup');
  if ((given.get('cron') === undefined) === (given.get('every') === undefined)) {
    place.report('it needs cron or every, and only one of them', MEND);
  }
  for (const expression of cron) {
    const wrong = findCronProblem(expression);
    if (wrong !== undefined) place.in('cron').report(wrong.problem, wrong.mend);
  }
  if (everyMicros === null && given.get('offset') !== undefined) {
    place.in('offset').report('only intervals have an offset', 'say the minute and hour in the cron expression');
  }
  if (everyMicros !== null && offsetMicros >= everyMicros) {
    place.in('offset').report('it is not within the interval', 'give an offset shorter than every');
  }
  if (catchupMicros !== null && catchupMicros < LEAST_CATCHUP) {
    place.in('catchup').report('it is shorter than 10 seconds', 'Temporal looks no more closely; give at least 10s');
  }
  const overlap = given.get('overlap') === undefined ? null : given.choice('overlap', SCHEDULE_OVERLAPS, 'skip');
  return { cron, everyMicros, offsetMicros, timezone: readZone(given), jitterMicros, overlap, catchupMicros };
}

const LEAST_CATCHUP = 10 * MICROS_PER_SECOND;

function readSeconds(given: OptionReader, name: string): number | null {
  const micros = given.duration(name);
  if (micros !== null && micros % MICROS_PER_SECOND !== 0) {
    given.place.in(name).report('it is not in whole seconds', "give a time such as '30s'");
  }
  return micros;
}

function readCron(given: OptionReader): readonly string[] {
  const value = given.get('cron');
  const list: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  const texts = list.filter((one): one is string => typeof one === 'string' && one !== '');
  if (value !== undefined && (texts.length < list.length || list.length === 0)) {
    given.place.in('cron').report(`${show(value)} is not a cron expression`, MEND);
  }
  return texts.map((text) => text.trim().replace(/\s+/g, ' '));
}

function readZone(given: OptionReader): string {
  const text = given.text('timezone');
  if (text === null) return 'UTC';
  const zone = findZone(text);
  if (zone === undefined) {
    given.place.in('timezone').report(`${show(text)} is not a time zone`, "give an IANA name such as 'Europe/Berlin'");
  } else if (given.get('every') !== undefined) {
    given.place.in('timezone').report('intervals count from the epoch and have no zone', 'leave it out, or use cron');
  }
  return zone ?? 'UTC';
}

/** With equal intervals it is known that a window leaves no gap; of cron expressions it is for their author to know. */
function checkCoverage({ everyMicros }: ScheduleTimes, windowMicros: number | null, place: Place): void {
  if (everyMicros === null || windowMicros === null || windowMicros >= everyMicros) return;
  place.in('window').report('it is shorter than the time between runs', 'what lies between would never be written');
}

function normalizeDataset(schedule: OptionReader, projectDirectory: string): ScheduledDatasetManifest {
  const place = schedule.place.in('dataset');
  const given = new OptionReader(schedule.get('dataset'), place, ['name', 'spine', 'asKnown'], []);
  const name = given.text('name');
  if (name !== null && !isName(name)) place.in('name').report(`${show(name)} is not a valid name`, NAME_RULE);
  const spine = normalizeSpine(given.get('spine'), place.in('spine'), projectDirectory);
  return { name, spine, asKnown: given.flag('asKnown', false) };
}

const SPINE_MEND = "give a file, { query: 'select …' }, or { window: '30d', every: '1h' }";

function normalizeSpine(value: unknown, place: Place, directory: string): SpineSource | ScheduledSpine {
  if (typeof value === 'string' && value !== '') return path.resolve(directory, value);
  if (!isRecord(value)) {
    place.report(value === undefined ? 'the spine is missing' : `${show(value)} is not a spine`, SPINE_MEND);
    return '';
  }
  const given = new OptionReader(value, place, ['query', 'window', 'every', 'entities'], []);
  const query = given.text('query');
  const isOneWay = (query === null) !== (given.get('window') === undefined);
  if (!isOneWay || (query !== null && Object.keys(value).length > 1)) {
    place.report('it needs a query or a window, and only one of them', SPINE_MEND);
  }
  if (query !== null) return { query };
  const [window, every, entities] = [given.text('window'), given.text('every'), given.text('entities')];
  if (given.duration('window') === null) return { window: '' };
  given.duration('every');
  return {
    window: window ?? '',
    ...(every !== null && { every }),
    ...(entities !== null && { entities: path.resolve(directory, entities) }),
  };
}

/**
 * Times that were given on a command line, under the names that definitions use, with the window of what is run, if any. Throws
 * `USAGE` with every problem.
 */
export function readScheduleTimes(values: Readonly<Record<string, unknown>>): ScheduleTimes {
  const problems = new Problems();
  const place = new Place(problems, 'command line', 'schedule');
  const given = new OptionReader(values, place, [...TIMES, 'window'], []);
  const times = normalizeTimes(given);
  checkCoverage(times, given.duration('window'), place);
  problems.throwIfAny('USAGE');
  return times;
}
