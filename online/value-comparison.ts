/** Values of Redis beside those that the historical engine has computed of the lake. */
import type { PlannedView } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import type { FeatureValue, JsonValue } from '../contracts/values.ts';
import { cellsOf, type EntityAnswer } from './entity-answer.ts';
import type { EntityKey } from './entity-key.ts';
import type { OnlineCell } from './online-cell.ts';
import type { RedisClient } from './redis-client.ts';
import { lifeMillis, mayHaveLapsed } from './state-life.ts';
import { formatJsonValue } from './value-json.ts';
import { viewReader } from './view-reader.ts';

export interface ValueDifference {
  /** By position the view's keys, as text. */
  readonly key: readonly string[];
  /** Null when the whole state of the key is not what it should be. */
  readonly feature: string | null;
  /** A value with its status, or words. */
  readonly redis: JsonValue;
  readonly lake: JsonValue;
}

export interface ComparedStore {
  readonly redis: RedisClient;
  /** Of the view's keys in Redis. */
  readonly prefix: Buffer;
  readonly planned: PlannedView;
  readonly now: Micros;
}

export interface ExpectedCells {
  readonly keys: readonly EntityKey[];
  /** By key, then by the features of the planned view. */
  readonly expected: readonly (readonly OnlineCell[])[];
  readonly at: Micros;
}

/** Float sums in another order differ by their last digits, relative to what was added. */
const FLOAT_TOLERANCE = 1e-9;
const KEYS_AT_ONCE = 500;

/** `later` counts states of rows that are due after the instant: the lake has nothing to say about them there. */
export async function compareValues(
  store: ComparedStore,
  { keys, expected, at }: ExpectedCells,
): Promise<{ readonly differences: readonly ValueDifference[]; readonly later: number }> {
  const differences: ValueDifference[] = [];
  let later = 0;
  const reader = viewReader(store.planned);
  for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
    const page = keys.slice(start, start + KEYS_AT_ONCE);
    const states = await store.redis.read(page.map((key) => Buffer.concat([store.prefix, reader.keys.encode(key)])));
    page.forEach((key, index) => {
      const state = states[index] ?? null;
      const found = compareKey(store, state, expected[start + index]!, at);
      if (found === 'later') later += 1;
      else differences.push(...found.map((one) => ({ key: key.map(keyText), ...one })));
    });
  }
  return { differences, later };
}

type Found = Omit<ValueDifference, 'key'>;

function compareKey(
  { planned, now }: ComparedStore,
  state: Buffer | null,
  expected: readonly OnlineCell[],
  at: Micros,
): readonly Found[] | 'later' {
  if (state === null) {
    return isGone(planned, expected, at, now) ? [] : [{ feature: null, redis: 'no key', lake: 'has rows' }];
  }
  let answer: EntityAnswer | undefined;
  try {
    answer = viewReader(planned).answer(state, planned.features, at);
  } catch {
    return [{ feature: null, redis: 'cannot be read', lake: 'has rows' }];
  }
  if (answer === undefined) return 'later';
  const cells = cellsOf(answer);
  return planned.features.flatMap((feature, index) => {
    const [redis, lake] = [cells[index]!, expected[index]!];
    // a window of which not all events are kept has no answer in Redis, and says so
    if (redis.status === 'UNAVAILABLE' || isAlike(redis, lake)) return [];
    return [{ feature: feature.name, redis: cellText(redis), lake: cellText(lake) }];
  });
}

/** Whether Redis may have let the key go: after the ttl of its row and a day. */
function isGone({ view }: PlannedView, expected: readonly OnlineCell[], at: Micros, now: Micros): boolean {
  if (lifeMillis(view) === 0 || view.ttlMicros === null) return false;
  const event = expected[0]?.eventTimestamp ?? null;
  return mayHaveLapsed(view, at, now) || (event !== null && event < at - BigInt(view.ttlMicros));
}

/** Whether both are the same value of the same row, float sums up to their last digits. */
export function isAlike(redis: OnlineCell, lake: OnlineCell): boolean {
  // of a window the lake does not say which event was the newest
  const isSameRow = lake.eventTimestamp === null || redis.eventTimestamp === lake.eventTimestamp;
  return redis.status === lake.status && isSameRow && isSameValue(redis.value, lake.value);
}

function isSameValue(left: FeatureValue, right: FeatureValue): boolean {
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((item, index) => isSameValue(item, right[index]!));
  }
  if (left instanceof Timestamp && right instanceof Timestamp)
    return left.epochMicroseconds === right.epochMicroseconds;
  if (typeof left === 'number' && typeof right === 'number' && Number.isFinite(left) && Number.isFinite(right)) {
    return Math.abs(left - right) <= FLOAT_TOLERANCE * Math.max(1, Math.abs(left), Math.abs(right));
  }
  return Object.is(left, right);
}

function isList(value: FeatureValue): value is Extract<FeatureValue, readonly unknown[]> {
  return Array.isArray(value);
}

/** A value as JSON, or its status where there is none. */
export function cellText({ value, status }: OnlineCell): JsonValue {
  return status === 'PRESENT' ? formatJsonValue(value) : status;
}

function keyText(part: unknown): string {
  return String(part);
}
