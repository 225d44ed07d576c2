/** Schedules on a Temporal server: made, looked at, held, started by hand, run over the past, removed. Needs a client only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleNotFoundError, type Client, type ScheduleDescription } from '@temporalio/client';
import { AsofError, messageOf } from '../contracts/errors.ts';
import { checkScheduledInput } from '../contracts/run-inputs.ts';
import { SEARCH_ATTRIBUTES, type WorkflowName } from '../contracts/run-messages.ts';
import type { LOSSLESS_OVERLAPS, ScheduledWork, ScheduleOverlap, ScheduleTimes } from '../contracts/schedules.ts';
import { clockNow, formatInstant, type Micros } from '../contracts/time.ts';
import { grpcErrorIn } from './run-errors.ts';
import { OVERLAP_POLICIES, policyOf, scheduleOptions, type ScheduleRecord } from './schedule-options.ts';

/** A schedule of one project. `name` is unique in it: `ingest/flights`, or `declared/source/flights`. */
export interface ScheduleKey {
  readonly project: string;
  readonly name: string;
}

export interface ScheduleState {
  readonly name: string;
  readonly scheduleId: string;
  /** Whether definitions declare it; others were made by hand. */
  readonly declared: boolean;
  readonly work: ScheduledWork;
  readonly times: ScheduleTimes;
  readonly overlap: ScheduleOverlap;
  readonly catchupMicros: number;
  readonly paused: boolean;
  /** Why it is paused, or what was said last. */
  readonly note: string | null;
  /** ISO 8601, soonest first. */
  readonly next: readonly string[];
  /** Oldest first. */
  readonly recent: readonly { readonly scheduledAt: string; readonly startedAt: string; readonly workflowId: string }[];
  readonly running: readonly string[];
  readonly started: number;
  /** Runs that never started: too late for the catch-up window, and left out by the overlap policy. */
  readonly missed: number;
  readonly skipped: number;
  /** Waiting for the run before them. */
  readonly buffered: number;
}

const DECLARED = 'declared/';

export function isDeclared(name: string): boolean {
  return name.startsWith(DECLARED);
}

export function declaredName(name: string): string {
  return `${DECLARED}${name}`;
}

/** `ingest/flights` of project `p` is `ingest/p/flights`: like the ids of runs, it says what and whose. */
export function scheduleIdOf({ project, name }: ScheduleKey): string {
  const slash = name.indexOf('/');
  const [kind, rest] = slash < 0 ? [name, ''] : [name.slice(0, slash), name.slice(slash)];
  return `${kind}/${project}${rest}`;
}

/** Undefined for an id that is none of the project's. */
function nameOf(project: string, scheduleId: string): string | undefined {
  const [kind, owner, ...rest] = scheduleId.split('/');
  return owner === project && kind !== undefined ? [kind, ...rest].join('/') : undefined;
}

/**
 * Makes a schedule, or changes the one of this name; whether it is paused stays. The input is checked first. Throws what
 * `checkRunInput` throws, and `TEMPORAL_UNAVAILABLE`.
 */
export async function setSchedule(
  client: Client,
  key: ScheduleKey,
  record: ScheduleRecord,
  options: { readonly paused?: string } = {},
): Promise<'created' | 'changed'> {
  checkScheduledInput<WorkflowName>(record.work.workflow, record.work.input);
  const scheduleId = scheduleIdOf(key);
  const made = scheduleOptions(scheduleId, record);
  const handle = client.schedule.getHandle(scheduleId);
  return ask(key, async () => {
    const before = await describeOrNot(() => handle.describe());
    const { paused } = options;
    const asked = paused === undefined ? {} : { paused: true, note: paused };
    if (before !== undefined) {
      const { spec, action, policies } = made;
      await handle.update(({ state }) => ({ spec, action, policies, state: { ...state, ...asked } }));
      return 'changed';
    }
    await client.schedule.create({
      ...made,
      memo: { project: key.project, name: key.name },
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.project, value: key.project }],
      state: asked,
    });
    return 'created';
  });
}

/** Every schedule of the project that Asof made, by name. One that was made within the last second may be missing. */
export async function listSchedules(client: Client, project: string): Promise<readonly ScheduleState[]> {
  const names = await listNames(client, project);
  const states = await Promise.all(names.map((name) => findSchedule(client, { project, name })));
  return states.filter((state) => state !== undefined);
}

/** Throws `UNKNOWN_NAME` with the names there are. */
export async function readSchedule(client: Client, key: ScheduleKey): Promise<ScheduleState> {
  return (await findSchedule(client, key)) ?? (await unknown(client, key));
}

export async function findSchedule(client: Client, key: ScheduleKey): Promise<ScheduleState | undefined> {
  const handle = client.schedule.getHandle(scheduleIdOf(key));
  return ask(key, async () => {
    const description = await describeOrNot(() => handle.describe());
    return description && stateOf(key, description);
  });
}

export async function pauseSchedule(client: Client, key: ScheduleKey, reason: string): Promise<void> {
  await readSchedule(client, key);
  await ask(key, () => client.schedule.getHandle(scheduleIdOf(key)).pause(reason));
}

export async function resumeSchedule(client: Client, key: ScheduleKey, reason: string): Promise<void> {
  await readSchedule(client, key);
  await ask(key, () => client.schedule.getHandle(scheduleIdOf(key)).unpause(reason));
}

/** Starts a run now, paused or not, beside one that is at work; it is scheduled for now. */
export async function triggerSchedule(client: Client, key: ScheduleKey): Promise<void> {
  await readSchedule(client, key);
  await ask(key, () => client.schedule.getHandle(scheduleIdOf(key)).trigger(OVERLAP_POLICIES.allowAll));
}

/** Runs are due at whole seconds. Temporal's ranges of the past include both ends; in older servers not the first. */
const MILLISECOND = 1000n;

/**
 * Starts the runs that were due from `from` to before `to`, paused or not. They wait for each other, or with `allowAll` run side by
 * side; a policy that would leave some out is refused. Throws `UNKNOWN_NAME` and `INVALID_RANGE`.
 */
export async function backfillSchedule(
  client: Client,
  key: ScheduleKey,
  range: { readonly from: Micros; readonly to: Micros },
  overlap: (typeof LOSSLESS_OVERLAPS)[number] = 'bufferAll',
): Promise<void> {
  const { times } = await readSchedule(client, key);
  const now = clockNow();
  const { from, to } = range;
  if (from >= to || to > now) {
    const problem = from >= to ? '"from" must be before "to"' : '"to" is in the future, where it runs by itself';
    throw new AsofError('INVALID_RANGE', { where: `schedule ${key.name}`, problem });
  }
  // a run that was due before `to` may have been put off beyond it; one more costs nothing, one less would be a gap
  const last = to - 1n + BigInt(times.jitterMicros);
  const end = last > now ? now : last;
  await ask(key, () =>
    client.schedule.getHandle(scheduleIdOf(key)).backfill({
      start: dateOf(from - MILLISECOND),
      end: dateOf(end),
      overlap: OVERLAP_POLICIES[overlap],
    }),
  );
}

/** False when there was none. */
export async function deleteSchedule(client: Client, key: ScheduleKey): Promise<boolean> {
  return ask(key, async () => {
    const gone = await describeOrNot(async () => {
      await client.schedule.getHandle(scheduleIdOf(key)).delete();
      return true;
    });
    return gone ?? false;
  });
}

const VISIBLE_MILLIS = 10_000;

/** Waits until lists show what was made and no longer show what was removed; gives up after ten seconds. */
export async function awaitListed(
  client: Client,
  project: string,
  { present, absent = [] }: { readonly present: readonly string[]; readonly absent?: readonly string[] },
): Promise<void> {
  const end = Date.now() + VISIBLE_MILLIS;
  for (;;) {
    const names = await listNames(client, project);
    const isSettled = present.every((name) => names.includes(name)) && !absent.some((name) => names.includes(name));
    if (isSettled || Date.now() > end) return;
    await sleep(100);
  }
}

/** By name; of all that carry the project's search attribute, those that Asof made. */
export async function listNames(client: Client, project: string): Promise<readonly string[]> {
  return ask({ project, name: 'schedules' }, async () => {
    const names: string[] = [];
    for await (const { scheduleId } of client.schedule.list({ query: `AsofProject = '${project}'` })) {
      const name = nameOf(project, scheduleId);
      if (name !== undefined) names.push(name);
    }
    return names.sort();
  });
}

function stateOf(key: ScheduleKey, description: ScheduleDescription): ScheduleState | undefined {
  const record = description.action.memo?.['schedule'] as ScheduleRecord | undefined;
  if (record === undefined) return undefined;
  const { info, state, raw } = description;
  return {
    name: key.name,
    scheduleId: description.scheduleId,
    declared: isDeclared(key.name),
    ...record,
    ...policyOf(record),
    paused: state.paused,
    note: state.note || null,
    next: state.paused ? [] : info.nextActionTimes.map(textOf),
    recent: info.recentActions.map(({ scheduledAt, takenAt, action }) => ({
      scheduledAt: textOf(scheduledAt),
      startedAt: textOf(takenAt),
      workflowId: action.workflow.workflowId,
    })),
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
    started: info.numActionsTaken,
    missed: info.numActionsMissedCatchupWindow,
    skipped: info.numActionsSkippedOverlap,
    buffered: Number(raw.info?.bufferSize ?? 0),
  };
}

function textOf(date: Date): string {
  return formatInstant(BigInt(date.getTime()) * 1000n);
}

function dateOf(instant: Micros): Date {
  return new Date(Number(instant / 1000n));
}

async function unknown(client: Client, { project, name }: ScheduleKey): Promise<never> {
  const known = await listNames(client, project);
  throw new AsofError('UNKNOWN_NAME', { where: `project ${project}`, kind: 'schedule', name, known });
}

async function describeOrNot<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

async function ask<T>({ name }: ScheduleKey, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AsofError) throw error;
    const cause = grpcErrorIn(error);
    if (cause === undefined) throw error;
    // what the server does not accept is no outage
    if (cause.code === INVALID_ARGUMENT) {
      throw new AsofError('INVALID_VALUE', { where: `schedule ${name}`, problem: cause.details }, error);
    }
    throw new AsofError(
      'TEMPORAL_UNAVAILABLE',
      { address: 'the configured address', problem: messageOf(cause) },
      error,
    );
  }
}

/** The number of gRPC's status. */
const INVALID_ARGUMENT = 3;
