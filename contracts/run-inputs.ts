/**
 * Checks the JSON input of each workflow, before a start and again inside it: a wrong one fails at once with
 * `INVALID_VALUE`, naming the field and what would be right. Whether a name exists is for the catalog to say.
 */
import { ENGINE_WISHES } from './engines.ts';
import { AsofError } from './errors.ts';
import type { ScheduledInputs } from './schedules.ts';
import {
  MAX_BATCH_SIZE,
  MAX_CONSUMERS,
  MAX_FEATURES,
  MAX_INTERVALS,
  MAX_PARALLEL,
  MAX_VIEWS,
  type WorkflowName,
} from './run-messages.ts';
import type {
  BackfillInput,
  BuildTrainingDatasetInput,
  CheckConsistencyInput,
  IngestInput,
  MaintainInput,
  MaterializeInput,
  MonitorFreshnessInput,
} from './runs.ts';
import type { RunStreamInput } from './streams.ts';
import { settleScheduled } from './scheduled-times.ts';
import { MICROS_PER_DAY, MICROS_PER_SECOND, parseDuration, parseInstant, type Micros } from './time.ts';

export interface RunInputs {
  readonly ingest: IngestInput;
  readonly backfill: BackfillInput;
  readonly materialize: MaterializeInput;
  readonly buildTrainingDataset: BuildTrainingDatasetInput;
  readonly maintain: MaintainInput;
  readonly monitorFreshness: MonitorFreshnessInput;
  readonly checkConsistency: CheckConsistencyInput;
  readonly runStream: RunStreamInput;
}

interface Field {
  readonly required: boolean;
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const isName = (value: unknown): boolean => typeof value === 'string' && NAME.test(value) && !value.includes('__');
const isText = (value: unknown): boolean => typeof value === 'string' && value.length > 0 && value.length <= 4096;
const isTextList =
  (most: number) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.length <= most && value.every(isText);
const isInstant = (value: unknown): boolean => typeof value === 'string' && parseInstant(value) !== undefined;
const isDuration = (value: unknown): boolean => typeof value === 'string' && parseDuration(value) !== undefined;
const isDays = (value: unknown): boolean =>
  typeof value === 'number' && value >= 0 && value <= 36_500 && Number.isFinite(value);
const isLandingInterval = (value: unknown): boolean =>
  typeof value === 'string' && (parseDuration(value) ?? 0) >= MICROS_PER_SECOND;
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isCount =
  (most: number) =>
  (value: unknown): boolean =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;

const isSeed = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const QUERY_LIMIT = 100_000;

/** A path, a query, or keys at the instants of a range, which a schedule may leave to be the time before each run. */
function isSpine(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isText(value);
  const { query, ...rest } = value as Readonly<Record<string, unknown>>;
  if (query !== undefined) {
    return typeof query === 'string' && query.length <= QUERY_LIMIT && Object.keys(rest).length === 0;
  }
  const { from, to, window, every, entities, ...others } = rest;
  const isRange = window === undefined ? isInstant(from) && isInstant(to) : isDuration(window) && !from && !to;
  return (
    Object.keys(others).length === 0 &&
    isRange &&
    (every === undefined || isDuration(every)) &&
    (entities === undefined || isText(entities))
  );
}

const required = (expected: string, accepts: Field['accepts']): Field => ({ required: true, expected, accepts });
const optional = (expected: string, accepts: Field['accepts']): Field => ({ required: false, expected, accepts });

const A_NAME = 'a name such as flights';
const AN_INSTANT = 'an ISO 8601 time such as "2024-01-31T12:00:00Z"';

const A_SPINE =
  'the path of a Parquet, CSV or JSON Lines file, or { "query": SELECT … }, or { "from", "to", "every"?, "entities"? }';

const A_WINDOW = 'a duration such as "7d", of the range that ends at the time a run is scheduled for';

const FIELDS: { readonly [W in WorkflowName]: Readonly<Record<keyof RunInputs[W] | keyof ScheduledInputs[W], Field>> } =
  {
    ingest: {
      project: required(A_NAME, isName),
      source: required(A_NAME, isName),
      from: optional(AN_INSTANT, isInstant),
      to: optional(AN_INSTANT, isInstant),
      window: optional(A_WINDOW, isDuration),
    },
    backfill: {
      project: required(A_NAME, isName),
      view: required(A_NAME, isName),
      from: optional(AN_INSTANT, isInstant),
      to: optional(AN_INSTANT, isInstant),
      window: optional(A_WINDOW, isDuration),
      chunk: optional('a duration such as "1d"', isDuration),
      parallel: optional(`a whole number from 1 to ${MAX_PARALLEL}`, isCount(MAX_PARALLEL)),
      restate: optional('true or false', isBoolean),
      newestFirst: optional('true or false', isBoolean),
      cascade: optional('true or false', isBoolean),
    },
    materialize: {
      project: required(A_NAME, isName),
      views: required(`a list of 1 to ${MAX_VIEWS} view names`, isTextList(MAX_VIEWS)),
      to: optional(AN_INSTANT, isInstant),
      rebuild: optional('true or false', isBoolean),
    },
    maintain: {
      project: required(A_NAME, isName),
      retentionDays: optional('a number of days from 0 to 36500', isDays),
      graceDays: optional('a number of days from 0 to 36500', isDays),
      now: optional(AN_INSTANT, isInstant),
    },
    monitorFreshness: { project: required(A_NAME, isName) },
    checkConsistency: {
      project: required(A_NAME, isName),
      last: optional('a duration such as "1d"', isDuration),
    },
    runStream: {
      project: required(A_NAME, isName),
      view: required(A_NAME, isName),
      consumers: optional(`a whole number from 1 to ${MAX_CONSUMERS}`, isCount(MAX_CONSUMERS)),
      batchSize: optional(`a whole number from 1 to ${MAX_BATCH_SIZE}`, isCount(MAX_BATCH_SIZE)),
      landEvery: optional('a duration of at least "1s", such as "1m"', isLandingInterval),
    },
    buildTrainingDataset: {
      project: required(A_NAME, isName),
      name: required(A_NAME, isName),
      spine: optional(A_SPINE, isSpine),
      features: optional(`a list of 1 to ${MAX_FEATURES} names such as "view:feature"`, isTextList(MAX_FEATURES)),
      service: optional(A_NAME, isName),
      asKnown: optional('true or false', isBoolean),
      shards: optional('a whole number from 1 to 1024', isCount(1024)),
      engine: optional(`one of ${ENGINE_WISHES.join(', ')}`, (value) => ENGINE_WISHES.some((one) => one === value)),
      seed: optional('a whole number from 0 to 2^53 - 1', isSeed),
      rebuild: optional('name@version, or the absolute path of a manifest', isText),
    },
  };

/**
 * Returns the input, typed. With the time that the run was scheduled for, what a schedule leaves open is filled in from it; without
 * one a `window` is refused. Throws `INVALID_VALUE`, `INVALID_RANGE` or `LIMIT_EXCEEDED`.
 */
export function checkRunInput<W extends WorkflowName>(workflow: W, input: unknown, scheduledAt?: Micros): RunInputs[W] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new AsofError('INVALID_VALUE', { where: `${workflow} input`, problem: 'must be one JSON object' });
  }
  const fields: Readonly<Record<string, Field>> = FIELDS[workflow];
  const values = input as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(fields, name)) fail(workflow, name, `is not known; known: ${Object.keys(fields).join(', ')}`);
  }
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name];
    if (value === undefined ? field.required : !field.accepts(value)) fail(workflow, name, `must be ${field.expected}`);
  }
  const settled = settleScheduled(workflow, values, scheduledAt);
  checkTogether(workflow, settled);
  return settled as unknown as RunInputs[W];
}

/** Any instant: whether an input is right does not depend on when it is scheduled for. */
const SOME_TIME = 1_000_000_000_000_000n;

/** Checks the input of runs that a schedule starts; throws as `checkRunInput`. */
export function checkScheduledInput<W extends WorkflowName>(workflow: W, input: ScheduledInputs[W]): void {
  checkRunInput(workflow, input, SOME_TIME);
}

function checkTogether(workflow: WorkflowName, values: Readonly<Record<string, unknown>>): void {
  const from = instantOf(values['from']);
  const to = instantOf(values['to']);
  if (workflow === 'backfill' && from === undefined) fail(workflow, 'from', `must be ${AN_INSTANT}`);
  if (workflow === 'backfill' && to === undefined) fail(workflow, 'to', `must be ${AN_INSTANT}`);
  if (from !== undefined && to !== undefined && from >= to) {
    throw new AsofError('INVALID_RANGE', { where: `${workflow} input`, problem: '"from" must be before "to"' });
  }
  if (workflow === 'backfill' && from !== undefined && to !== undefined) {
    checkIntervalCount(to - from, parseDuration((values['chunk'] as string | undefined) ?? '1d') ?? MICROS_PER_DAY);
  }
  if (workflow === 'buildTrainingDataset') checkDatasetFields(values);
}

/** What a rebuild takes from the version that it repeats cannot be said again. */
const OF_THE_RECIPE = ['spine', 'features', 'service', 'asKnown', 'seed'];

function checkDatasetFields(values: Readonly<Record<string, unknown>>): void {
  const given = (name: string): boolean => values[name] !== undefined;
  if (given('rebuild')) {
    const extra = OF_THE_RECIPE.find(given);
    if (extra !== undefined) fail('buildTrainingDataset', extra, 'must not be given with "rebuild", which says it');
    return;
  }
  if (!given('spine')) fail('buildTrainingDataset', 'spine', `must be ${A_SPINE}`);
  if (given('features') === given('service')) {
    fail('buildTrainingDataset', 'features', 'or "service" must be given, and only one of them');
  }
}

function checkIntervalCount(micros: bigint, chunk: number): void {
  const intervals = micros / BigInt(chunk);
  if (intervals <= BigInt(MAX_INTERVALS)) return;
  throw new AsofError('LIMIT_EXCEEDED', {
    where: 'backfill input',
    problem: `${intervals} intervals are more than ${MAX_INTERVALS}; use a longer "chunk" or a shorter range`,
  });
}

function instantOf(value: unknown): bigint | undefined {
  return typeof value === 'string' ? parseInstant(value) : undefined;
}

function fail(workflow: WorkflowName, field: string, problem: string): never {
  throw new AsofError('INVALID_VALUE', { where: `${workflow} input, field "${field}"`, problem });
}
