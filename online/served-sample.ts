/** One entity's served vector as JSON, and back. */
import type { SampledValue, ServedSample } from '../contracts/consistency.ts';
import type { FeaturePlan, FeatureRequest, PlannedColumn } from '../contracts/plan.ts';
import { formatInstant, requireInstant } from '../contracts/time.ts';
import { storedType, type JsonValue, type StoredType } from '../contracts/values.ts';
import { jsonValueOf } from '../definitions/json-values.ts';
import { isPlainNumber } from '../definitions/normalization/feature-types.ts';
import { engineValue } from '../offline/feature-sql.ts';
import { toTypeScript } from '../offline/typescript-values.ts';
import { cellAt } from './entity-answer.ts';
import type { OnlineCell } from './online-cell.ts';
import type { OnlineVectors } from './online-reads.ts';
import type { RequestColumns } from './read-request.ts';

export interface ServedRead {
  readonly request: FeatureRequest;
  readonly definitions: number;
  readonly plan: FeaturePlan;
  /** As they were given. */
  readonly inputs: RequestColumns;
  readonly vectors: OnlineVectors;
}

/** All of a sample but where its rows end. */
export type SampledVector = Omit<ServedSample, 'bounds'>;

/** Throws a `TypeError` for a value that is not of its type, which no read gives. */
export function sampleVector(
  { request, definitions, plan, inputs, vectors }: ServedRead,
  entity: number,
): SampledVector {
  return {
    request,
    definitions,
    fits: Object.fromEntries(plan.views.flatMap(({ view, fit }) => (fit ? [[view.name, fit.version] as const] : []))),
    at: formatInstant(vectors.at),
    entities: Object.fromEntries(
      vectors.keys.map(({ key, cells }) => [key.column, toJson(cells[entity]!.value, key.type)]),
    ),
    inputs: Object.fromEntries(
      plan.requestColumns.map(({ name, type }) => [name, toJson(inputs[name]![entity], storedType(type))]),
    ),
    values: vectors.features.map(({ column, answers, place }) => sampleCell(cellAt(answers[entity]!, place), column)),
  };
}

function sampleCell(
  { value, status, eventTimestamp, servedFrom }: OnlineCell,
  { feature }: PlannedColumn,
): SampledValue {
  return {
    value: toJson(value, feature.valueType),
    status,
    event: eventTimestamp === null ? null : formatInstant(eventTimestamp),
    servedFrom,
  };
}

/** The cell that `column` was served with. */
export function readSampledCell(
  { value, status, event, servedFrom }: SampledValue,
  { feature }: PlannedColumn,
): OnlineCell {
  return {
    value: toTypeScript(engineValue(value, feature.valueType), feature.valueType, isPlainNumber(feature)),
    status,
    eventTimestamp: event === null ? null : requireInstant(event, 'event'),
    servedFrom,
  };
}

function toJson(value: unknown, type: StoredType): JsonValue {
  if (value === null || value === undefined) return null;
  const json = jsonValueOf(value, type);
  if (json === undefined) throw new TypeError(`a ${typeof value} was served as ${type}`);
  return json;
}
