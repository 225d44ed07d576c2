/**
 * The entities whose embedding is most like a vector: exact cosine similarity with the newest value of every key, computed in DuckDB over the
 * lake, so that it is as of any instant and needs no index.
 */
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, PlannedView } from '../contracts/plan.ts';
import { clockNow, type Micros } from '../contracts/time.ts';
import type { FeatureValue } from '../contracts/values.ts';
import { literalBigint } from '../engine/sql.ts';
import { withLakeWork } from '../lake/lake-work.ts';
import { relationKeys } from '../offline/event-relation.ts';
import { toTypeScript } from '../offline/typescript-values.ts';
import { greatestSql } from './asof-materialization.ts';
import type { LakeReaderDependencies } from './lake-reader.ts';
import type { Position } from './position.ts';
import type { ReadDeadline } from './read-deadline.ts';
import { openSnapshot } from './source-snapshot.ts';

export interface SimilarityQuestion {
  /** Of an as-of view, with one feature, which is an embedding. */
  readonly view: PlannedView;
  /** As long as the feature's values. */
  readonly vector: readonly number[];
  /** The most answers. */
  readonly k: number;
  /** Default: the clock. */
  readonly at?: Micros;
  /** Needed for views with a `map`. */
  readonly runtime?: DefinitionRuntime;
  /** Interrupts the engine when it passes. */
  readonly deadline?: ReadDeadline;
}

export interface SimilarEntity {
  /** By position the view's keys. */
  readonly key: readonly FeatureValue[];
  /** Cosine, from -1 to 1. */
  readonly similarity: number;
  readonly eventTimestamp: Micros;
}

export interface SimilarEntities {
  /** The most similar first; of equal ones by key. */
  readonly entities: readonly SimilarEntity[];
  readonly position: Position;
}

/**
 * Values that have expired, that are null, or that have no direction (zeros, or a NaN) are like nothing. Throws `INVALID_VALUE` for a feature
 * that is no embedding of an as-of view, and for a vector of another length or without direction.
 */
export async function findSimilar(
  { project, catalog, lake, engine }: LakeReaderDependencies,
  { view: planned, vector, k, at = clockNow(), runtime, deadline }: SimilarityQuestion,
): Promise<SimilarEntities> {
  const { view, source } = planned;
  const column = embeddingColumn(planned);
  requireDirection(planned, vector);
  return withLakeWork(catalog.work, project, () =>
    engine.session(async (session) => {
      const base = planned.base ?? source;
      const snapshot = await openSnapshot({ catalog, lake }, project, { view, source: base, runtime }, at);
      const { position } = snapshot;
      const keys = relationKeys(view);
      const read = { deleted: source.operation !== null, columns: [column] };
      const newest = await greatestSql(session, keys, await snapshot.rows(session), read);
      if (newest === undefined) return { entities: [], position };
      const names = keys.map((_, index) => `__key_${index}`);
      const oldest = view.ttlMicros === null ? null : at - BigInt(view.ttlMicros);
      const rows = await session.rows(
        `SELECT ${names.join(', ')}, epoch_us(__event) AS event, similarity FROM (
  SELECT *, list_cosine_similarity(__value_0::DOUBLE[], $1::DOUBLE[]) AS similarity FROM (${newest})
  WHERE NOT __is_deleted AND __value_0 IS NOT NULL AND list_inner_product(__value_0::DOUBLE[], __value_0::DOUBLE[]) > 0${oldest === null ? '' : ` AND epoch_us(__event) >= ${literalBigint(oldest)}`}
) WHERE similarity IS NOT NULL AND NOT isnan(similarity)
ORDER BY similarity DESC, ${names.join(', ')} LIMIT ${k}`,
        [vector],
      );
      const entities = rows.map((row) => ({
        key: names.map((name, index) => toTypeScript(row[name]!, view.keys[index]!.type, false)),
        similarity: row['similarity'] as number,
        eventTimestamp: row['event'] as Micros,
      }));
      return { entities, position };
    }, deadline?.signal),
  );
}

function embeddingColumn({ view, features }: PlannedView): string {
  const [feature, ...others] = features;
  if (feature?.kind !== 'column' || feature.featureType !== 'embedding' || others.length > 0) {
    const problem = `name one feature that is an embedding of an as-of view; ${view.name}:${feature?.name} is not`;
    throw new AsofError('INVALID_VALUE', { where: 'feature', problem });
  }
  return feature.column;
}

function requireDirection({ view, features: [feature] }: PlannedView, vector: readonly number[]): void {
  const refuse = (problem: string): never => {
    throw new AsofError('INVALID_VALUE', { where: 'vector', problem });
  };
  const size = Number(/\[(\d+)\]$/.exec(feature!.valueType)![1]);
  if (vector.length !== size) refuse(`${view.name}:${feature!.name} has ${size} numbers, not ${vector.length}`);
  if (!vector.every(Number.isFinite)) refuse('every number must be finite');
  if (vector.every((value) => value === 0)) refuse('a vector of zeros has no direction, and is like nothing');
}
