/** The answers of one view for all entities: from the fetched states where they can answer, from the lake where not. */
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, PlannedView } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import { answerOf, placesOf, uniform, type AnsweredView, type EntityAnswer } from './entity-answer.ts';
import type { EntityKey } from './entity-key.ts';
import type { LakeReader } from './lake-reader.ts';
import { beforeDeadline, type ReadDeadline } from './read-deadline.ts';
import type { OnlineReadDependencies } from './read-dependencies.ts';
import type { FetchedView } from './state-fetch.ts';
import { mayHaveLapsed } from './state-life.ts';
import { emptyAnswer, viewReader } from './view-reader.ts';

export interface ViewQuestion {
  readonly view: PlannedView;
  /** By entity; null where a part of the key is null. */
  readonly keys: readonly (EntityKey | null)[];
  readonly fetched: FetchedView;
  readonly at: Micros;
  readonly now: Micros;
  readonly isDenied?: (feature: string) => boolean;
  readonly runtime?: DefinitionRuntime;
  readonly deadline?: ReadDeadline;
}

export async function answerView(
  { lake, writeBack }: Pick<OnlineReadDependencies, 'lake' | 'writeBack'>,
  question: ViewQuestion,
): Promise<AnsweredView> {
  const { view, keys, fetched } = question;
  const { features } = view;
  const found = keys.map((_, entity) =>
    fetched.available ? answerFromState(question, entity) : unavailableAnswer(features.length),
  );
  const open = found.flatMap((answer, entity) => (answer === undefined ? [entity] : []));
  if (open.length > 0) {
    const keysOf = (entities: readonly number[]): readonly EntityKey[] => entities.map((entity) => keys[entity]!);
    const absent = open.filter((entity) => fetched.states[entity] === null);
    const states = (await writeBack?.read(view, keysOf(absent))) ?? [];
    absent.forEach((entity, index) => {
      const state = states[index];
      if (state) found[entity] = viewReader(view).answer(state, features, question.at);
    });
    const left = open.filter((entity) => found[entity] === undefined);
    const fromLake = left.length === 0 ? [] : await askLake(lake, view, keysOf(left), question);
    left.forEach((entity, index) => (found[entity] = fromLake?.[index] ?? unavailableAnswer(features.length)));
    const known = left.filter(
      (entity, index) => fetched.states[entity] === null && mayHaveRows(view, fromLake?.[index]),
    );
    writeBack?.offer(view, keysOf(known), question.runtime);
  }
  const answers = found as readonly EntityAnswer[];
  const places = placesOf(features);
  if (question.isDenied === undefined) return { answers, places };
  const isDenied = features.map(({ name }) => question.isDenied!(name));
  return { answers: answers.map((answer) => denied(answer, isDenied)), places };
}

function unavailableAnswer(features: number): EntityAnswer {
  return {
    values: Array.from({ length: features }, () => null),
    statuses: uniform('UNAVAILABLE', features),
    servedFrom: uniform('online', features),
    eventTimestamp: null,
  };
}

/** Without what the caller may not see. */
function denied(
  { values, statuses, servedFrom, eventTimestamp }: EntityAnswer,
  isDenied: readonly boolean[],
): EntityAnswer {
  return {
    values: values.map((value, place) => (isDenied[place] ? null : value)),
    statuses: statuses.map((status, place) => (isDenied[place] ? 'DENIED' : status)),
    servedFrom: servedFrom.map((from, place) => (isDenied[place] ? 'online' : from)),
    eventTimestamp,
  };
}

/** Whether the lake knows rows of a key that it answered. Of windows it does not say. */
function mayHaveRows({ view }: PlannedView, answer: EntityAnswer | undefined): boolean {
  return answer !== undefined && (view.mode === 'aggregate' || answer.eventTimestamp !== null);
}

/** Undefined when only the lake can tell. */
function answerFromState(question: ViewQuestion, entity: number): EntityAnswer | undefined {
  const { view, keys, fetched, at, now } = question;
  if (keys[entity] === null) return emptyAnswer(view.features);
  const state = fetched.states[entity]!;
  const isCached = fetched.isCached?.[entity] ?? false;
  if (state !== null) return fromCache(isCached, viewReader(view).answer(state, view.features, at));
  // an absent key has no rows, unless nothing was materialized yet or Redis has let an old value go
  if (fetched.position === undefined || mayHaveLapsed(view.view, at, now)) return undefined;
  return fromCache(isCached, emptyAnswer(view.features));
}

function fromCache(isCached: boolean, answer: EntityAnswer | undefined): EntityAnswer | undefined {
  if (!isCached || answer === undefined) return answer;
  return { ...answer, servedFrom: answer.servedFrom.map((from) => (from === 'online' ? 'cache' : from)) };
}

async function askLake(
  lake: LakeReader | null,
  view: PlannedView,
  keys: readonly EntityKey[],
  { at, runtime, deadline }: ViewQuestion,
): Promise<readonly EntityAnswer[] | undefined> {
  if (lake === null) return undefined;
  try {
    const reading = lake.read({ view, keys, at, runtime, deadline });
    const found = await (deadline === undefined ? reading : beforeDeadline(reading, deadline));
    return found?.map(answerOf);
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    // the deadline interrupts what the engine does
    if (error.code === 'CANCELLED' && deadline?.remainingMillis() === 0) return undefined;
    // a process that takes no more on says so to its caller
    if (error.retryable && error.code !== 'OVERLOADED') return undefined;
    throw error;
  }
}
