/**
 * What one entity has of a view's features. A read is answered in this form and not as a cell for each value: thousands of small objects
 * would cost most of the time of a large read.
 */
import type { FeatureManifest } from '../contracts/manifest.ts';
import type { PlannedColumn } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import type { FeatureStatus, FeatureValue, ServedFrom } from '../contracts/values.ts';
import { onceForEach } from './once-for-each.ts';
import type { OnlineCell } from './online-cell.ts';

export interface EntityAnswer {
  /** By the features that were asked for, as the two lists below. */
  readonly values: readonly FeatureValue[];
  readonly statuses: readonly FeatureStatus[];
  readonly servedFrom: readonly ServedFrom[];
  /** Of the row, or of the newest row of a window's key; null when there is none. What is `hasNoEvent` has none. */
  readonly eventTimestamp: Micros | null;
}

/** The answers of a view, by entity. */
export interface AnsweredView {
  readonly answers: readonly EntityAnswer[];
  /** Feature name to its place in each answer. */
  readonly places: ReadonlyMap<string, number>;
}

/** One feature of all entities. */
export class AnsweredColumn {
  readonly column: PlannedColumn;
  readonly answers: readonly EntityAnswer[];
  readonly place: number;

  constructor(column: PlannedColumn, { answers, places }: AnsweredView) {
    this.column = column;
    this.answers = answers;
    this.place = places.get(column.feature.name)!;
  }

  /** By entity, made when it is looked at. */
  get cells(): readonly OnlineCell[] {
    return this.answers.map((answer) => cellAt(answer, this.place));
  }
}

export function cellAt({ values, statuses, servedFrom, eventTimestamp }: EntityAnswer, place: number): OnlineCell {
  const status = statuses[place]!;
  return {
    value: values[place]!,
    status,
    eventTimestamp: hasNoEvent(status) ? null : eventTimestamp,
    servedFrom: servedFrom[place]!,
  };
}

export function cellsOf(answer: EntityAnswer): readonly OnlineCell[] {
  return answer.values.map((_, place) => cellAt(answer, place));
}

/** Of cells of one row: they have its event time, but for those that have none. */
export function answerOf(cells: readonly OnlineCell[]): EntityAnswer {
  return {
    values: cells.map(({ value }) => value),
    statuses: cells.map(({ status }) => status),
    servedFrom: cells.map(({ servedFrom }) => servedFrom),
    eventTimestamp: cells.find(({ eventTimestamp }) => eventTimestamp !== null)?.eventTimestamp ?? null,
  };
}

/** Feature name to its place in the list. */
export const placesOf = onceForEach(
  (features: readonly Pick<FeatureManifest, 'name'>[]): ReadonlyMap<string, number> =>
    new Map(features.map(({ name }, place) => [name, place])),
);

/** A value that nothing was found out about. */
export function hasNoEvent(status: FeatureStatus): boolean {
  return status === 'DENIED' || status === 'UNAVAILABLE';
}

const UNIFORM = new Map<FeatureStatus | ServedFrom, (readonly string[])[]>();

/** Whether all its features have one status and come from one place, as most answers: told by the lists that such answers share. */
export function isUniform({ statuses, servedFrom }: EntityAnswer): boolean {
  return (
    UNIFORM.get(statuses[0]!)?.[statuses.length] === statuses &&
    UNIFORM.get(servedFrom[0]!)?.[servedFrom.length] === servedFrom
  );
}

/** The same word for each of so many features: one list for all answers that need it. */
export function uniform<Word extends FeatureStatus | ServedFrom>(word: Word, count: number): readonly Word[] {
  let lists = UNIFORM.get(word);
  if (lists === undefined) UNIFORM.set(word, (lists = []));
  return (lists[count] ??= Array.from({ length: count }, () => word)) as readonly Word[];
}
