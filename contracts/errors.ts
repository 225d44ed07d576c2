/**
 * The one error table. A code is stable: it is the `type` of a Temporal failure, the `code` of a problem document and
 * what scripts match on. The message says what happened, where, and what to do.
 */

/** Exit codes of the command line: 1 failed, 2 wrong usage or definitions, 3 a quality gate refused the data. */
export type ExitCode = 1 | 2 | 3;

interface ErrorRow {
  /** `{name}` is replaced by the detail of that name. */
  readonly message: string;
  /** Whether the same call may succeed later, with nothing changed by the caller. */
  readonly retryable: boolean;
  readonly httpStatus: number;
  readonly exitCode: ExitCode;
}

const row = (message: string, httpStatus: number, exitCode: ExitCode, retryable = false): ErrorRow => ({
  message,
  retryable,
  httpStatus,
  exitCode,
});

export const ERRORS = {
  // usage and definitions
  USAGE: row('{problem}', 400, 2),
  CONFIG_INVALID: row('{file}: {problem}', 400, 2),
  PROJECT_NOT_FOUND: row(
    'no asof.config.ts in {directory} or a parent of it; run `asof init DIR` or name the project with -C DIR',
    400,
    2,
  ),
  DEFINITIONS_INVALID: row('{file}: {place}: {problem}; {mend}', 400, 2),
  DEFINITIONS_UNLOADABLE: row('{file}: the definitions could not be loaded: {problem}', 400, 2),
  NOT_AVAILABLE_YET: row('{place}: {what} is not available yet', 400, 2),
  DESTRUCTIVE_CHANGE: row('{problem}; run again with --allow-destructive to go on', 409, 2),
  NOTHING_APPLIED: row('project {project} has no applied definitions; run `asof apply`', 404, 2),
  UNKNOWN_NAME: row('{where}: there is no {kind} named {name}; known: {known}', 404, 2),
  NAME_COLLISION: row('{where}: {problem}', 400, 2),
  INVALID_INSTANT: row('{where}: "{text}" is not an ISO 8601 time such as 2024-01-31T12:00:00Z', 400, 2),
  INVALID_RANGE: row('{where}: {problem}', 400, 2),
  INVALID_VALUE: row('{where}: {problem}', 400, 2),
  LIMIT_EXCEEDED: row('{where}: {problem}', 400, 2),
  NOT_FITTED: row('{where}: its parameters are not fitted yet; run `asof fit {view} --until TIME`', 409, 1),
  // data
  INPUT_NOT_FOUND: row('{where}: nothing matches {path}', 404, 1),
  INPUT_UNREADABLE: row('{where}: {path} cannot be read: {problem}', 422, 1),
  INPUT_COLUMN_MISSING: row('{where}: {path} has no column "{column}"; it has: {known}', 422, 1),
  INPUT_VALUE_INVALID: row('{where}: {path}, row {row}, column "{column}": {value} is not a valid {type}', 422, 1),
  INPUT_ROW_INVALID: row('{where}: {path}, row {row}: {problem}', 422, 1),
  INPUT_TYPE_CHANGED: row(
    '{where}: {path}: column "{column}" is {actual}, which does not fit the declared {type}; {mend}',
    422,
    1,
  ),
  TOPIC_UNREADABLE: row('topic {topic} cannot be read: {problem}', 422, 1),
  SPINE_COLUMN_MISSING: row('{path}: the spine has no column "{column}"; {mend}', 400, 1),
  KEY_TYPE_MISMATCH: row('{where}: key "{key}" is {actual}, but entity {entity} declares {expected}', 400, 1),
  INTEGER_OVERFLOW: row('{where}: the sum of "{column}" leaves the range of a 64-bit integer', 422, 1),
  QUALITY_GATE: row('{where}: quality gate refused the data: {problem}', 422, 3),
  // state
  CONFLICT: row('{where}: {problem}', 409, 1),
  COMMIT_CONFLICT: row(
    '{table}: another commit came first (base snapshot {base}); the commit is retried',
    409,
    1,
    true,
  ),
  IDEMPOTENCY_MISMATCH: row('{key}: the key was used for another request', 409, 1),
  SNAPSHOT_EXPIRED: row(
    '{table}: snapshot {snapshot} has expired, and its files are given up; read a newer one, or keep snapshots longer with `asof maintain --retention-days`',
    410,
    1,
  ),
  ONLINE_CONTENT_LOST: row(
    'view {view}: Redis has lost its online values; a running stream makes them anew by itself, otherwise run `asof materialize {view}`',
    503,
    1,
  ),
  DATASET_DIFFERS: row('{dataset}: values that were computed again differ from those that are kept: {columns}', 409, 1),
  LAKE_FILE_CORRUPT: row('{path}: {problem}; run `asof fsck`', 500, 1),
  LAKE_UNAVAILABLE: row('{place}: the lake does not answer: {problem}', 503, 1, true),
  LAKE_REFUSED: row('{place}: the lake refuses: {problem}', 502, 1),
  LAKE_WRITE_FAILED: row('{path}: {problem}', 507, 1),
  DISK_FULL: row('{where}: the disk is full: {problem}; {mend}', 507, 1),
  CATALOG_VERSION: row('{problem}', 500, 1),
  ORIGIN_REFUSED: row('{problem}', 403, 1),
  PAYLOAD_KEY_UNKNOWN: row(
    'a payload is encrypted with the key {key}, which this process does not have (it has: {known}); add it to ASOF_PAYLOAD_KEYS',
    500,
    1,
  ),
  PAYLOAD_UNREADABLE: row(
    'a payload is not what the key {key} encrypted: it was changed, or another key has this id',
    500,
    1,
  ),
  RUN_FAILED: row('{run}: {problem}', 500, 1),
  RUN_CANCELLED: row('{run}: cancelled', 409, 1),
  // components
  COMPONENT_MISSING: row('{component} is not available: {problem}', 503, 1),
  COMPONENT_FAILED: row('{component} did not start: {problem}', 503, 1),
  CATALOG_UNAVAILABLE: row('the catalog does not answer: {problem}', 503, 1, true),
  TEMPORAL_UNAVAILABLE: row('Temporal does not answer at {address}: {problem}', 503, 1, true),
  REDIS_UNAVAILABLE: row('Redis does not answer: {problem}', 503, 1, true),
  KAFKA_UNAVAILABLE: row('Kafka does not answer at {brokers}: {problem}', 503, 1, true),
  DATABASE_UNAVAILABLE: row('{where}: the database does not answer: {problem}', 503, 1, true),
  ENGINE_OUT_OF_MEMORY: row(
    '{where}: the engine ran out of memory ({problem}); raise ASOF_MEMORY_LIMIT or use more shards',
    507,
    1,
  ),
  ENGINE_FAILED: row('{where}: {problem}', 500, 1),
  SPARK_UNAVAILABLE: row(
    "Spark does not answer at {address}: {problem}; start its Thrift server, correct SPARK_URL, or use engine: 'duckdb'",
    503,
    1,
    true,
  ),
  SPARK_FAILED: row('Spark at {address} failed: {problem}', 500, 1, true),
  OVERLOADED: row(
    '{most} {what} are under way and {mostQueued} more may wait, which is the limit of this process; try again, or start more processes',
    503,
    1,
    true,
  ),
  TOO_MANY_STREAMS: row(
    '{most} event streams are open, which is the limit; read {route} instead, or try again',
    503,
    1,
    true,
  ),
  CANCELLED: row('{where}: cancelled', 499, 1),
  INTERNAL: row('{problem}', 500, 1),
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorDetails = Readonly<Record<string, string | number | boolean | bigint | readonly string[]>>;

const MESSAGE_LIMIT = 4000;

/** Every error that Asof raises on purpose. `details` fills the template and travels as JSON; keep secrets out of it. */
export class AsofError extends Error {
  override readonly name = 'AsofError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    super(fillTemplate(ERRORS[code].message, details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
  get httpStatus(): number {
    return ERRORS[this.code].httpStatus;
  }
  get exitCode(): ExitCode {
    return ERRORS[this.code].exitCode;
  }
}

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(ERRORS, text);
}

/** The text of any thrown value, cut so that it fits a failure payload. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > MESSAGE_LIMIT ? `${text.slice(0, MESSAGE_LIMIT)} …` : text;
}

function fillTemplate(template: string, details: ErrorDetails): string {
  const text = template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = details[name];
    if (value === undefined) return whole;
    return Array.isArray(value) ? value.join(', ') : String(value);
  });
  return text.length > MESSAGE_LIMIT ? `${text.slice(0, MESSAGE_LIMIT)} …` : text;
}
