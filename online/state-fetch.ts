/** The one round trip of a read: the epoch, each view's marker, and the state of every key. */
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest } from '../contracts/manifest.ts';
import type { PlannedView } from '../contracts/plan.ts';
import type { EntityKey } from './entity-key.ts';
import type { OnlineReadDependencies } from './read-dependencies.ts';
import { decodePosition, type Position } from './position.ts';
import { isContentComplete } from './store-content.ts';
import { epochKey, viewKeys, type ViewKeys } from './store-keys.ts';
import { viewReader } from './view-reader.ts';

export interface FetchedView {
  /** False when Redis did not answer in time, or has lost what the catalog says it held. */
  readonly available: boolean;
  readonly position: Position | undefined;
  /** By entity; null for an unknown key and for a key with a null part. */
  readonly states: readonly (Buffer | null)[];
  /** By entity: whether this process held the state already. Default: no. */
  readonly isCached?: readonly boolean[];
}

export type StateDependencies = Pick<OnlineReadDependencies, 'project' | 'redis' | 'positions'>;

type EntityKeys = readonly (EntityKey | null)[];

/** The states of each view's keys. Never throws for a Redis that is away. */
export async function fetchStates(
  { project, redis, positions }: StateDependencies,
  views: readonly PlannedView[],
  keysByView: readonly EntityKeys[],
  waitMillis?: number,
): Promise<readonly FetchedView[]> {
  const names = views.map(({ view }) => namesOf(project, view));
  const wantedStates = views.map((view, index) => stateKeys(project, view, keysByView[index]!));
  const wanted = [
    epochKey(project),
    ...names.map(({ marker }) => marker),
    ...wantedStates.flat().filter((key) => key !== null),
  ];
  const [answer, recorded] = await Promise.all([
    readOrNothing(redis, wanted, waitMillis),
    Promise.all(views.map(({ view }) => positions.of({ project, view: view.name, fingerprint: view.fingerprint }))),
  ]);
  if (answer === undefined) return views.map(() => ({ available: false, position: undefined, states: [] }));
  const epoch = answer[0]?.toString();
  let next = 1 + views.length;
  return views.map((_, index) => {
    const bytes = answer[1 + index];
    const marker = bytes ? decodePosition(bytes) : undefined;
    const states = wantedStates[index]!.map((key) => (key === null ? null : (answer[next++] ?? null)));
    const available = isContentComplete(recorded[index], epoch, marker);
    return { available, position: available ? marker : undefined, states };
  });
}

/** The names of the entities' states in Redis; null for a key with a null part. */
export function stateKeys(project: string, planned: PlannedView, keys: EntityKeys): readonly (Buffer | null)[] {
  const { keys: encoder } = viewReader(planned);
  const { view } = planned;
  const { values: prefix } = namesOf(project, view);
  return keys.map((key) => (key === null ? null : Buffer.concat([prefix, encoder.encode(key)])));
}

const NAMES = new WeakMap<FeatureViewManifest, { readonly project: string; readonly keys: ViewKeys }>();

/** Its names hold a hash, which costs more than anything else about them. */
function namesOf(project: string, view: FeatureViewManifest): ViewKeys {
  let names = NAMES.get(view);
  if (names?.project !== project) {
    names = { project, keys: viewKeys(project, view.name, view.fingerprint) };
    NAMES.set(view, names);
  }
  return names.keys;
}

async function readOrNothing(
  redis: OnlineReadDependencies['redis'],
  keys: readonly (Buffer | string)[],
  waitMillis: number | undefined,
): Promise<readonly (Buffer | null)[] | undefined> {
  try {
    return await redis.read(keys, waitMillis);
  } catch (error) {
    if (error instanceof AsofError && error.code === 'REDIS_UNAVAILABLE') return undefined;
    throw error;
  }
}
