/** Feature vectors as rows: from the online store, and from the lake where that has no answer. */
import { AsofError } from '../contracts/errors.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import type { FeatureValue } from '../contracts/values.ts';
import { cellAt } from '../online/entity-answer.ts';
import {
  readOnlineVectors,
  readVectorsFromLake,
  type OnlineReadRequest,
  type OnlineVectors,
} from '../online/online-reads.ts';
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
  return new ReadFeatureVectors(
    vectors,
    entities,
    plan.keyColumns.map(({ column }) => column),
  );
}

/** A class, since a getter of an object literal would keep each answer in memory until a whole collection of garbage. */
class ReadFeatureVectors implements FeatureVectors<KeyRow, KeyRow> {
  readonly at: Timestamp;
  readonly rows: readonly KeyRow[];
  readonly versions: Readonly<Record<string, string>>;
  readonly #vectors: OnlineVectors;
  #cells: ReturnType<typeof featureCells> | undefined;

  constructor(vectors: OnlineVectors, entities: readonly KeyRow[], keys: readonly string[]) {
    this.#vectors = vectors;
    this.at = new Timestamp(vectors.at);
    this.rows = valueRows(vectors, keys, entities);
    this.versions = vectors.versions;
  }

  /** Made when it is looked at: most callers want the values alone. */
  get cells(): ReturnType<typeof featureCells> {
    return (this.#cells ??= featureCells(this.#vectors, this.rows.length));
  }
}

/** An online store that is away, or that has lost what it held, leaves the answer to the lake at the same instant. */
async function readOnlineThenLake(
  dependencies: OnlineReadDependencies,
  request: OnlineReadRequest,
): Promise<OnlineVectors> {
  const vectors = await readOnlineVectors(dependencies, request);
  const views = new Set(vectors.features.map(({ answers }) => answers));
  const isComplete = [...views].every((answers) => answers.every(({ statuses }) => !statuses.includes('UNAVAILABLE')));
  return isComplete ? vectors : readVectorsFromLake(dependencies.lake, { ...request, at: vectors.at });
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

/**
 * Objects of the same shape, one for each entity: a copy of one that has all properties costs a small part of adding
 * one after the other, and of making them from lists of entries.
 */
function valueRows(
  { features }: OnlineVectors,
  keys: readonly string[],
  entities: readonly KeyRow[],
): readonly Readonly<Record<string, FeatureValue>>[] {
  const names = [...keys, ...features.map(({ column }) => column.name)];
  const shape = Object.fromEntries(names.map((name) => [name, null]));
  const rows = entities.map((entity) => ({ ...shape, ...entity }) as Record<string, FeatureValue>);
  for (const { column, answers, place } of features) {
    for (let index = 0; index < rows.length; index += 1) rows[index]![column.name] = answers[index]!.values[place]!;
  }
  return rows;
}

function featureCells({ features }: OnlineVectors, count: number): readonly Readonly<Record<string, FeatureCell>>[] {
  // most cells come from few rows
  const times = new Map<Micros, Timestamp>();
  const timeOf = (instant: Micros | null): Timestamp | null => {
    if (instant === null) return null;
    const known = times.get(instant) ?? new Timestamp(instant);
    times.set(instant, known);
    return known;
  };
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(
      features.map(({ column, answers, place }) => {
        const { eventTimestamp, ...cell } = cellAt(answers[index]!, place);
        return [column.name, { ...cell, eventTimestamp: timeOf(eventTimestamp) }];
      }),
    ),
  );
}

function isList(given: KeyRow | readonly KeyRow[]): given is readonly KeyRow[] {
  return Array.isArray(given);
}
