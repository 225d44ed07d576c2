/** What one process of the API takes on at once, and how long a read may take. */
import { AsofError } from '../contracts/errors.ts';
import { parseDuration } from '../contracts/time.ts';
import { startDeadline, type ReadDeadline } from '../online/read-deadline.ts';
import { WorkLimit, type WorkBounds } from './work-limit.ts';

export interface ServingLimits {
  /** Online reads. */
  readonly online: WorkBounds;
  /** Of these, those that ask the lake: fewer than online reads, so that they never take every place. */
  readonly lake: WorkBounds;
  /** Historical frames. */
  readonly frames: WorkBounds;
  /** Pushes: few, since those of one time share what brings them online. */
  readonly pushes: WorkBounds;
}

/** The engine computes: more at once would only share its cores and its memory. */
export const SERVING_LIMITS: ServingLimits = {
  online: { most: 128, mostQueued: 512 },
  lake: { most: 2, mostQueued: 32 },
  frames: { most: 2, mostQueued: 16 },
  pushes: { most: 8, mostQueued: 128 },
};

export type ServingWork = Readonly<Record<keyof ServingLimits, WorkLimit>>;

export function openServingWork(limits: ServingLimits): ServingWork {
  return {
    online: new WorkLimit('online reads', limits.online),
    lake: new WorkLimit('reads of the lake', limits.lake),
    frames: new WorkLimit('historical frames', limits.frames),
    pushes: new WorkLimit('pushes', limits.pushes),
  };
}

/** Of a read that does not say: a lake that is slow, or busy, does not hold a caller for ever. */
const DEFAULT_MILLIS = 10_000;
const MOST_MILLIS = 60_000;

export const DEADLINE_HEADERS = {
  type: 'object',
  properties: {
    'asof-deadline': {
      type: 'string',
      maxLength: 20,
      description: `such as 50ms: values that are not there by then are UNAVAILABLE; at most ${MOST_MILLIS / 1000}s`,
    },
  },
} as const;

interface ReadTiming {
  readonly deadline: ReadDeadline;
  readonly storeMillis: number | undefined;
}

/**
 * Does an online read in its turn, by the deadline that its request asks for: it is that of everything that the read waits
 * for. Without one Redis has its own, short one, and the rest ten seconds. Throws `OVERLOADED` and `INVALID_VALUE`.
 */
export function readInTurn<T>(
  online: WorkLimit,
  headers: Readonly<Record<string, unknown>>,
  read: (timing: ReadTiming) => Promise<T>,
): Promise<T> {
  const asked = headers['asof-deadline'];
  const deadline = startDeadline(asked === undefined ? DEFAULT_MILLIS : readMillis(asked));
  return online.run(
    () => read({ deadline, storeMillis: asked === undefined ? undefined : deadline.remainingMillis() }),
    deadline,
  );
}

function readMillis(asked: unknown): number {
  const millis = (parseDuration(String(asked)) ?? Number.NaN) / 1000;
  if (millis > 0 && millis <= MOST_MILLIS) return millis;
  const problem = `"${String(asked)}" is not a duration such as 50ms or 2s, of ${MOST_MILLIS / 1000}s at most`;
  throw new AsofError('INVALID_VALUE', { where: 'header asof-deadline', problem });
}
