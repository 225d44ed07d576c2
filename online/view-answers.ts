/** The cells of one view for all entities: from the fetched states where they can answer, from the lake where not. */
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, PlannedView } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import type { EntityKey } from './entity-key.ts';
import type { LakeReader } from './lake-reader.ts';
import { beforeDeadline, type ReadDeadline } from './read-deadline.ts';
import { DENIED_CELL, UNAVAILABLE_CELL, type OnlineCell } from './online-cell.ts';
import type { OnlineReadDependencies } from './read-dependencies.ts';
import type { FetchedView } from './state-fetch.ts';
import { mayHaveLapsed } from './state-life.ts';
import { emptyCells, viewReader } from './view-reader.ts';

export interface ViewQuestion {
  readonly view: PlannedView;
  /** By entity; null where a part of the key is null. */
  readonly keys: readonly (EntityKey | null)[];
  readonly fetched: FetchedView;
  readonly at: Micros;
  readonly now: Micros;
  readonly isDenied: (feature: string) => boolean;
  readonly runtime?: DefinitionRuntime;
  readonly deadline?: ReadDeadline;
}

/** Feature name to its cells by entity. */
export type ViewCells = ReadonlyMap<string, readonly OnlineCell[]>;

type EntityCells = readonly OnlineCell[];

export async function answerView(
  { lake, writeBack }: Pick<OnlineReadDependencies, 'lake' | 'writeBack'>,
  question: ViewQuestion,
): Promise<ViewCells> {
  const { view, keys, fetched } = question;
  const features = view.features;
  const unavailable = features.map(() => UNAVAILABLE_CELL);
  const rows: (EntityCells | undefined)[] = keys.map((_, entity) =>
    fetched.available ? answerFromState(question, entity) : unavailable,
  );
  const open = rows.flatMap((row, entity) => (row === undefined ? [entity] : []));
  if (open.length > 0) {
    const keysOf = (entities: readonly number[]): readonly EntityKey[] => entities.map((entity) => keys[entity]!);
    const absent = open.filter((entity) => fetched.states[entity] === null);
    const states = (await writeBack?.read(view, keysOf(absent))) ?? [];
    absent.forEach((entity, index) => {
      const state = states[index];
      if (state) rows[entity] = viewReader(view).answer(state, features, question.at);
    });
    const left = open.filter((entity) => rows[entity] === undefined);
    const found = left.length === 0 ? [] : await askLake(lake, view, keysOf(left), question);
    left.forEach((entity, index) => (rows[entity] = found?.[index] ?? unavailable));
    const known = left.filter((entity, index) => fetched.states[entity] === null && mayHaveRows(view, found?.[index]));
    writeBack?.offer(view, keysOf(known), question.runtime);
  }
  return new Map(
    features.map((feature, index) => [
      feature.name,
      rows.map((row) => (question.isDenied(feature.name) ? DENIED_CELL : row![index]!)),
    ]),
  );
}

/** Whether the lake knows rows of a key that it answered. Of windows it does not say. */
function mayHaveRows({ view }: PlannedView, found: EntityCells | undefined): boolean {
  if (found === undefined) return false;
  return view.mode === 'aggregate' || found.some(({ eventTimestamp }) => eventTimestamp !== null);
}

/** Undefined when only the lake can tell. */
function answerFromState(question: ViewQuestion, entity: number): EntityCells | undefined {
  const { view, keys, fetched, at, now } = question;
  if (keys[entity] === null) return emptyCells(view.features);
  const state = fetched.states[entity]!;
  const isCached = fetched.isCached?.[entity] ?? false;
  if (state !== null) return fromCache(isCached, viewReader(view).answer(state, view.features, at));
  // an absent key has no rows, unless nothing was materialized yet or Redis has let an old value go
  if (fetched.position === undefined || mayHaveLapsed(view.view, at, now)) return undefined;
  return fromCache(isCached, emptyCells(view.features));
}

function fromCache<Cells extends EntityCells | undefined>(isCached: boolean, cells: Cells): Cells | EntityCells {
  if (!isCached || cells === undefined) return cells;
  return cells.map((cell) => (cell.servedFrom === 'online' ? { ...cell, servedFrom: 'cache' } : cell));
}

async function askLake(
  lake: LakeReader | null,
  view: PlannedView,
  keys: readonly EntityKey[],
  { at, runtime, deadline }: ViewQuestion,
): Promise<readonly EntityCells[] | undefined> {
  if (lake === null) return undefined;
  try {
    const reading = lake.read({ view, keys, at, runtime, deadline });
    return await (deadline === undefined ? reading : beforeDeadline(reading, deadline));
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    // the deadline interrupts what the engine does
    if (error.code === 'CANCELLED' && deadline?.remainingMillis() === 0) return undefined;
    // a process that takes no more on says so to its caller
    if (error.retryable && error.code !== 'OVERLOADED') return undefined;
    throw error;
  }
}
