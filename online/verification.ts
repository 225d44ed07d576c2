/**
 * Holds the content of Redis against the ledger and the lake: epoch, marker and position; every key, by its hash; and the values of
 * a sample of keys, which the historical engine computes anew at the marker's snapshot and instant.
 */
import type { Catalog, OnlinePosition } from '../catalog/catalog.ts';
import type { DefinitionRuntime, PlannedView } from '../contracts/plan.ts';
import { clockNow, formatInstant } from '../contracts/time.ts';
import type { Engine } from '../engine/engine.ts';
import { relationKeys } from '../offline/event-relation.ts';
import type { Lake } from '../lake/lake.ts';
import { aggregateKeys } from './aggregate-materialization.ts';
import { asofKeys } from './asof-materialization.ts';
import type { EntityKey } from './entity-key.ts';
import { createKeyHash, createKeySet, createLeastSample, hashesWithout, type KeyHash } from './key-set.ts';
import { createLakeReader } from './lake-reader.ts';
import { measureMemory, type ViewMemory } from './memory-measure.ts';
import { comparePositions, type Position } from './position.ts';
import type { RedisClient } from './redis-client.ts';
import { readCells } from './row-selection.ts';
import { openSnapshot } from './source-snapshot.ts';
import { lifeMillis } from './state-life.ts';
import { isContentComplete, readContent, type Content } from './store-content.ts';
import { viewKeys, type ViewKeys } from './store-keys.ts';
import { compareValues, type ValueDifference } from './value-comparison.ts';
import { viewReader } from './view-reader.ts';

export interface VerificationDependencies {
  readonly project: string;
  readonly catalog: Pick<Catalog, 'tables' | 'intervals' | 'work'>;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly redis: RedisClient;
}

export interface VerificationRequest {
  /** With every feature that is to be compared. */
  readonly planned: PlannedView;
  /** Needed for a view with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
  /** Keys whose values are compared. */
  readonly sample: number;
  readonly seed: number;
}

export interface Verification {
  readonly view: string;
  readonly fingerprint: string;
  /**
   * `never` materialized; `lost` with the content of Redis; `unfinished` while a run is at work, or after one that failed: only
   * a `complete` view is compared with the lake.
   */
  readonly state: 'never' | 'lost' | 'unfinished' | 'complete';
  readonly position: { readonly snapshot: number; readonly to: string } | null;
  readonly keys: KeyCounts | null;
  readonly sampled: number;
  readonly memory: ViewMemory | null;
  /** What is wrong, in words; empty when Redis, ledger and lake agree. */
  readonly problems: readonly string[];
  /** Of the sample, the first of them. */
  readonly differences: readonly ValueDifference[];
}

export interface KeyCounts {
  readonly redis: number;
  /** What the catalog says; those that have lapsed since are among them. */
  readonly recorded: number;
  readonly lake: number;
  /** In the lake and not in Redis, without those that may have lapsed. */
  readonly missing: number;
  /** In Redis and not in the lake. */
  readonly unexpected: number;
}

const MOST_DIFFERENCES = 20;

/** Compares one view. Throws `REDIS_UNAVAILABLE`, and what the historical engine throws. */
export async function verifyView(
  dependencies: VerificationDependencies,
  request: VerificationRequest,
): Promise<Verification> {
  const { project, catalog, redis } = dependencies;
  const { name: view, fingerprint } = request.planned.view;
  const keys = viewKeys(project, view, fingerprint);
  const recorded = await catalog.intervals.onlinePosition({ project, view, fingerprint, store: 'online' });
  const before = await readContent(redis, project, keys);
  const nothing = { view, fingerprint, position: null, keys: null, sampled: 0, memory: null, differences: [] };
  if (recorded === undefined) return { ...nothing, state: 'never', problems: [] };
  if (!isContentComplete(recorded, before.epoch, before.marker) || before.marker === undefined) {
    return { ...nothing, state: 'lost', problems: [describeLoss(recorded, before)] };
  }
  const unfinished = { ...nothing, state: 'unfinished', position: positionText(before.marker) } as const;
  if (!isAtRest(before)) return { ...unfinished, problems: [UNFINISHED] };
  const compared = await compareWithLake(dependencies, request, { keys, recorded, marker: before.marker });
  const after = await readContent(redis, project, keys);
  if (!isAtRest(after) || comparePositions(after.marker!, before.marker) !== 0) {
    return { ...unfinished, problems: [UNFINISHED] };
  }
  const problems = [
    ...(before.epoch === recorded.epoch
      ? []
      : [`the epoch of Redis is ${before.epoch}, the ledger has ${recorded.epoch}`]),
    ...compared.problems,
  ];
  const { differences } = compared;
  return {
    ...{ view, fingerprint, state: 'complete', position: positionText(before.marker), ...compared, problems },
    differences: differences.slice(0, MOST_DIFFERENCES),
  };
}

const UNFINISHED =
  'a materialization is at work, or was left unfinished: verify again when it has ended, or materialize the view';

/** Nobody has announced a run beyond what is complete. */
function isAtRest({ marker, fence }: Content): boolean {
  return marker !== undefined && fence !== undefined && comparePositions(marker, fence) === 0;
}

function describeLoss(recorded: OnlinePosition, { epoch, marker }: Content): string {
  const mend = 'reads are UNAVAILABLE until it is materialized';
  if (epoch === undefined) return `Redis has lost its content (no epoch): ${mend}`;
  if (marker === undefined) return `Redis does not know the view (no marker): ${mend}`;
  const { snapshot, to } = recorded;
  return `Redis is behind the ledger, at ${describePosition(marker)} and not ${describePosition({ snapshot, to })}: ${mend}`;
}

function describePosition({ snapshot, to }: Position): string {
  return `snapshot ${snapshot}, ${formatInstant(to)}`;
}

function positionText({ snapshot, to }: Position): { readonly snapshot: number; readonly to: string } {
  return { snapshot, to: formatInstant(to) };
}

interface Held {
  readonly keys: ViewKeys;
  readonly recorded: OnlinePosition;
  readonly marker: Position;
}

async function compareWithLake(
  dependencies: VerificationDependencies,
  request: VerificationRequest,
  { keys, recorded, marker }: Held,
): Promise<
  Pick<Verification, 'keys' | 'sampled' | 'memory' | 'problems'> & { differences: readonly ValueDifference[] }
> {
  const { redis } = dependencies;
  const { planned, seed, runtime } = request;
  const sample = planned.features.length === 0 ? 0 : request.sample;
  const hash = createKeyHash(seed);
  const inLake = await readLakeKeys(dependencies, { ...request, sample }, marker, hash);
  const inRedis = await readRedisKeys(redis, keys, hash, request.sample);
  const mayLapse = lifeMillis(planned.view) > 0;
  const absent = hashesWithout(inLake.hashes, inRedis.hashes);
  const unexpected = await findUnexpected(redis, keys, hash, hashesWithout(inRedis.hashes, inLake.hashes), (state) =>
    isLater(planned, state, marker),
  );
  const question = { view: planned, keys: inLake.sample, at: marker.to, snapshot: marker.snapshot, runtime };
  const expected = sample === 0 ? [] : await createLakeReader(dependencies).read(question);
  const { differences, later } = await compareValues(
    { redis, prefix: keys.values, planned, now: clockNow() },
    { keys: inLake.sample, expected, at: marker.to },
  );
  const missing = mayLapse ? 0 : absent.size;
  const counts = {
    redis: inRedis.hashes.length,
    recorded: recorded.keys,
    lake: inLake.hashes.length,
    missing,
    unexpected: unexpected.keys.length,
  };
  // keys that pushes bring before the lake's rows come are counted by no run
  const isCounted = mayLapse || counts.redis >= recorded.keys;
  const named = unexpected.keys.slice(0, 3).map((key) => describeKey(planned, keys, key));
  return {
    keys: counts,
    sampled: inLake.sample.length - later,
    memory: await measureMemory(redis, inRedis.sample, { keys, mayLapse }),
    differences,
    problems: [
      ...(isCounted ? [] : [`Redis has ${counts.redis} keys, the ledger says ${recorded.keys}`]),
      ...(missing > 0 ? [`${missing} keys of the lake are missing in Redis`] : []),
      ...(unexpected.keys.length > 0
        ? [`${unexpected.keys.length} keys in Redis are not in the lake, such as ${named.join(', ')}`]
        : []),
      ...(differences.length > 0
        ? [`${differences.length} values of ${inLake.sample.length} sampled keys differ from the lake`]
        : []),
    ],
  };
}

interface FoundKeys<T> {
  readonly hashes: Float64Array;
  readonly sample: readonly T[];
}

async function readLakeKeys(
  dependencies: VerificationDependencies,
  { planned, sample, runtime }: VerificationRequest,
  marker: Position,
  hash: KeyHash,
): Promise<FoundKeys<EntityKey>> {
  const { view, source, base } = planned;
  const definitions = { view, source: base ?? source, runtime };
  const snapshot = await openSnapshot(dependencies, dependencies.project, definitions, marker.to, marker.snapshot);
  const encoder = viewReader(planned).keys;
  const places = [0, relationKeys(view).length] as const;
  const found = createKeySet(hash);
  const least = createLeastSample<EntityKey>(sample);
  await dependencies.engine.session(async (session) => {
    const keysOf = view.mode === 'asof' ? asofKeys : aggregateKeys;
    for await (const batch of session.stream(await keysOf(session, snapshot))) {
      for (let row = 0; row < batch.rows; row += 1) {
        const key = readCells(batch, places, row);
        const bytes = encoder.encode(key);
        found.add(bytes);
        least.add(hash(bytes), () => key);
      }
    }
  });
  return { hashes: found.hashes(), sample: least.items() };
}

async function readRedisKeys(
  redis: RedisClient,
  { values }: ViewKeys,
  hash: KeyHash,
  sample: number,
): Promise<FoundKeys<Buffer>> {
  const found = createKeySet(hash);
  const least = createLeastSample<Buffer>(sample);
  for await (const page of redis.pages(values)) {
    for (const key of page) {
      const entity = key.subarray(values.length);
      found.add(entity);
      least.add(hash(entity), () => key);
    }
  }
  return { hashes: found.hashes(), sample: least.items() };
}

/** The keys of these hashes; a row that is due after the position is later than the lake, and not wrong. */
async function findUnexpected(
  redis: RedisClient,
  { values }: ViewKeys,
  hash: KeyHash,
  hashes: ReadonlySet<number>,
  isLaterState: (state: Buffer) => boolean,
): Promise<{ readonly keys: readonly Buffer[]; readonly later: number }> {
  const found = new Map<string, Buffer>();
  let later = 0;
  if (hashes.size === 0) return { keys: [], later };
  for await (const page of redis.pages(values)) {
    const chosen = page.filter((key) => hashes.has(hash(key.subarray(values.length))));
    const states = chosen.length === 0 ? [] : await redis.read(chosen);
    states.forEach((state, index) => {
      if (state === null) return;
      if (isLaterState(state)) later += 1;
      else found.set(chosen[index]!.toString('latin1'), chosen[index]!);
    });
  }
  return { keys: [...found.values()], later };
}

function isLater(planned: PlannedView, state: Buffer, { to }: Position): boolean {
  try {
    return viewReader(planned).answer(state, planned.features, to) === undefined;
  } catch {
    // what cannot be read is wrong, whenever it is due
    return false;
  }
}

function describeKey(planned: PlannedView, { values }: ViewKeys, key: Buffer): string {
  const bytes = key.subarray(values.length);
  try {
    const parts = viewReader(planned).keys.decode(bytes);
    if (parts !== undefined) return parts.map(String).join(', ');
  } catch {
    // not an entity key at all
  }
  return bytes.toString('hex');
}
