/**
 * Stored states held in this process, for the views that say how stale an answer may be. What is held is what Redis held, so ttl,
 * windows and grants are applied at each read as ever. Bounded by bytes; of several requests for one state one asks Redis.
 */
import { LRUCache } from 'lru-cache';
import type { PlannedView } from '../contracts/plan.ts';
import type { EntityKey } from './entity-key.ts';
import { comparePositions, type Position } from './position.ts';
import { fetchStates, stateKeys, type FetchedView, type StateDependencies } from './state-fetch.ts';

export interface StateCache {
  /** As `fetchStates`, which it asks for what it does not hold. */
  readonly fetch: typeof fetchStates;
  /** Of the views that are held. */
  readonly readings: CacheReadings;
}

export interface CacheReadings {
  readonly hits: number;
  readonly misses: number;
  readonly bytes: number;
}

type EntityKeys = readonly (EntityKey | null)[];

/** What Redis said of a key. A state of null is a key without rows. */
interface Answer {
  readonly available: boolean;
  readonly position: Position | undefined;
  readonly state: Buffer | null;
}

/** A question that is on its way. */
interface Flight {
  readonly answers: Promise<ReadonlyMap<string, Answer>>;
  readonly waitMillis: number | undefined;
}

/** One view of a request. */
interface Part {
  readonly planned: PlannedView;
  /** By entity; null for a key with a null part. Of a view that is not held nothing is needed. */
  readonly names: readonly (string | null)[];
  readonly held: ReadonlyMap<string, Answer>;
  /** By entity, what Redis is asked. */
  readonly asked: EntityKeys;
  readonly joined: readonly Flight[];
}

const CACHE_BYTES = 64 * 2 ** 20;
/** What an entry takes beside name and state. */
const ENTRY_BYTES = 250;
const MICROS_PER_MILLI = 1000;

export function createStateCache(maxBytes = CACHE_BYTES): StateCache {
  const cache = new LRUCache<string, Answer>({
    maxSize: maxBytes,
    sizeCalculation: ({ state }, name) => name.length + (state?.length ?? 0) + ENTRY_BYTES,
  });
  const flights = new Map<string, Flight>();
  const count = { hits: 0, misses: 0 };

  const split = (project: string, planned: PlannedView, keys: EntityKeys, waitMillis: number | undefined): Part => {
    if (!isHeld(planned)) return { planned, names: [], held: new Map(), asked: keys, joined: [] };
    const names = stateKeys(project, planned, keys).map((key) => key?.toString('latin1') ?? null);
    const held = new Map<string, Answer>();
    const joined = new Set<Flight>();
    const asked = keys.map((key, entity) => {
      const name = names[entity]!;
      if (name === null) return null;
      const answer = held.get(name) ?? cache.get(name);
      if (answer !== undefined) {
        held.set(name, answer);
        count.hits += 1;
        return null;
      }
      count.misses += 1;
      const flight = flights.get(name);
      // whoever waits longer than the one who asked would be given up with it
      if (flight === undefined || flight.waitMillis !== waitMillis) return key;
      joined.add(flight);
      return null;
    });
    return { planned, names, held, asked, joined: [...joined] };
  };

  /** Lets others have the answers, while they are on their way and for as long as the view says. */
  const share = (part: Part, fetching: Promise<FetchedView>, waitMillis: number | undefined): Flight => {
    const { planned, names, asked } = part;
    const own = names.filter((name, entity) => name !== null && asked[entity] !== null) as string[];
    const answers = fetching.then((fetched) => answersOf(part, fetched));
    const flight = { answers, waitMillis };
    for (const name of own) flights.set(name, flight);
    const land = (): void => {
      for (const name of own) if (flights.get(name) === flight) flights.delete(name);
    };
    void answers.then((found) => {
      land();
      const ttl = Math.ceil(planned.view.options.cacheMicros! / MICROS_PER_MILLI);
      for (const [name, answer] of found)
        if (answer.available && answer.position !== undefined) cache.set(name, answer, { ttl });
    }, land);
    return flight;
  };

  return {
    async fetch(dependencies: StateDependencies, views, keysByView, waitMillis) {
      if (!views.some(isHeld)) return fetchStates(dependencies, views, keysByView, waitMillis);
      const parts = views.map((planned, index) => split(dependencies.project, planned, keysByView[index]!, waitMillis));
      const open = parts.filter(({ planned, asked }) => !isHeld(planned) || asked.some((key) => key !== null));
      const fetching =
        open.length === 0
          ? Promise.resolve([])
          : fetchStates(
              dependencies,
              open.map(({ planned }) => planned),
              open.map(({ asked }) => asked),
              waitMillis,
            );
      return Promise.all(
        parts.map(async (part) => {
          const place = open.indexOf(part);
          const fetched = place < 0 ? undefined : fetching.then((all) => all[place]!);
          if (!isHeld(part.planned)) return fetched!;
          const flown = [...part.joined, ...(fetched ? [share(part, fetched, waitMillis)] : [])];
          return assemble(part, await Promise.all(flown.map(({ answers }) => answers)));
        }),
      );
    },
    get readings() {
      return { ...count, bytes: cache.calculatedSize };
    },
  };
}

function isHeld({ view }: PlannedView): boolean {
  return view.options.cacheMicros !== null;
}

function answersOf({ names, asked }: Part, fetched: FetchedView): ReadonlyMap<string, Answer> {
  const { available, position } = fetched;
  const answers = new Map<string, Answer>();
  asked.forEach((key, entity) => {
    if (key !== null) answers.set(names[entity]!, { available, position, state: fetched.states[entity] ?? null });
  });
  return answers;
}

/** A view's answers of several moments: as far as the least of them. */
function assemble({ names, held }: Part, flown: readonly ReadonlyMap<string, Answer>[]): FetchedView {
  const answers = names.map((name) =>
    name === null ? null : (held.get(name) ?? flown.find((found) => found.has(name))!.get(name)!),
  );
  const given = answers.filter((answer) => answer !== null);
  if (!given.every(({ available }) => available)) return { available: false, position: undefined, states: [] };
  return {
    available: true,
    position: given.map(({ position }) => position).reduce(least, given[0]?.position),
    states: answers.map((answer) => answer?.state ?? null),
    isCached: names.map((name) => name !== null && held.has(name)),
  };
}

function least(left: Position | undefined, right: Position | undefined): Position | undefined {
  if (left === undefined || right === undefined) return undefined;
  return comparePositions(left, right) <= 0 ? left : right;
}
