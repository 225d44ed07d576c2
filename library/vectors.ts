/** Feature vectors as rows: from the online store, and from the lake where that has no answer. */
import { AsofError } from '../contracts/errors.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import { readOnlineVectors, type OnlineReadRequest, type OnlineVectors } from '../online/online-reads.ts';
import type { OnlineReadDependencies } from '../online/read-dependencies.ts';
import type { RequestColumns } from '../online/read-request.ts';
import { requestOf } from './choice.ts';
import type { ServingDefinitions } from './serving-definitions.ts';
import type { Choice, FeatureCell, FeatureVectorRequest, FeatureVectors, KeyRow } from './store.ts';

/** Throws what `Store.getFeatures` throws. */
export async function readVectors(
  dependencies: OnlineReadDependencies,
  serving: ServingDefinitions,
  request: Choice & FeatureVectorRequest<KeyRow>,
): Promise<FeatureVectors<KeyRow, KeyRow>> {
  const { entities } = request;
  const { plan, runtime } = await serving.of(requestOf(request));
  const vectors = await readOnlineThenLake(dependencies, {
    plan,
    runtime,
    entities: entityColumns(plan, entities),
    request: requestColumns(request.request ?? {}, entities.length),
    ...(request.at !== undefined && { at: Timestamp.from(request.at, 'at').epochMicroseconds }),
  });
  return {
    at: new Timestamp(vectors.at),
    rows: entities.map((entity, index) => rowOf(entity, vectors, index)),
    cells: entities.map((_, index) => cellsOf(vectors, index)),
    versions: vectors.versions,
  };
}

/** An online store that is away, or that has lost what it held, leaves the answer to the lake at the same instant. */
async function readOnlineThenLake(
  dependencies: OnlineReadDependencies,
  request: OnlineReadRequest,
): Promise<OnlineVectors> {
  const vectors = await readOnlineVectors(dependencies, request);
  const isComplete = vectors.features.every(({ cells }) => cells.every(({ status }) => status !== 'UNAVAILABLE'));
  return isComplete ? vectors : readOnlineVectors(withoutOnline(dependencies), { ...request, at: vectors.at });
}

/** As if nothing had ever been materialized. */
function withoutOnline(dependencies: OnlineReadDependencies): OnlineReadDependencies {
  return {
    ...dependencies,
    redis: { ...dependencies.redis, read: async (keys) => keys.map(() => null) },
    positions: { of: async () => undefined },
  };
}

/** Other columns of an entity stay with its row: every key is needed, so a misspelt one is missed. */
function entityColumns(plan: FeaturePlan, entities: readonly KeyRow[]): RequestColumns {
  const keyOf = (entity: KeyRow, column: string, index: number): unknown => {
    if (entity[column] !== undefined) return entity[column];
    throw new AsofError('INVALID_VALUE', { where: `entities[${index}]`, problem: `"${column}" is missing` });
  };
  return Object.fromEntries(
    plan.keyColumns.map(({ column }) => [column, entities.map((entity, index) => keyOf(entity, column, index))]),
  );
}

function requestColumns(given: KeyRow | readonly KeyRow[], entities: number): RequestColumns {
  if (!isList(given)) return columnsOf(Array.from({ length: entities }, () => given));
  if (given.length === entities) return columnsOf(given);
  const problem = `it has ${given.length} rows, but there are ${entities} entities`;
  throw new AsofError('INVALID_VALUE', { where: 'request', problem });
}

function columnsOf(rows: readonly KeyRow[]): RequestColumns {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return Object.fromEntries([...names].map((name) => [name, rows.map((row) => row[name] ?? null)]));
}

// a property after the other: objects made from lists of entries cost ten times as much
function rowOf(entity: KeyRow, { features }: OnlineVectors, index: number): KeyRow {
  const row: Record<string, unknown> = { ...entity };
  for (const { column, cells } of features) row[column.name] = cells[index]!.value;
  return row;
}

function cellsOf({ features }: OnlineVectors, index: number): Readonly<Record<string, FeatureCell>> {
  const row: Record<string, FeatureCell> = {};
  // most cells of an entity come from one row
  let known = new Timestamp(0n);
  for (const { column, cells } of features) {
    const { value, status, eventTimestamp, servedFrom } = cells[index]!;
    if (eventTimestamp !== null && known.epochMicroseconds !== eventTimestamp) known = new Timestamp(eventTimestamp);
    row[column.name] = { value, status, eventTimestamp: eventTimestamp === null ? null : known, servedFrom };
  }
  return row;
}

function isList(given: KeyRow | readonly KeyRow[]): given is readonly KeyRow[] {
  return Array.isArray(given);
}
