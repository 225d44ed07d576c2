/**
 * The oracle: every answer straight from the words of the contract, by looking at all rows for every request. It shares no
 * code with the product beside the types, and has no cleverness to be wrong in.
 */
import type { AggregateFeatureManifest, FeatureManifest } from '../../contracts/manifest.ts';
import type { Micros } from '../../contracts/time.ts';
import type { FeatureStatus } from '../../contracts/values.ts';
import type { EngineValue } from '../../engine/engine.ts';
import { aggregateValue } from './oracle-aggregate.ts';
import { compareOracleRows, passesWhere } from './oracle-rows.ts';
import type { ValueColumn, World, WorldRequest, WorldRow } from './world.ts';

export interface Answer {
  readonly value: EngineValue;
  readonly status: FeatureStatus;
  /** Whether a row that the value was made from was created after q; null when the source does not say. */
  readonly leak: boolean | null;
  /** How far a float may be off: 1e-9 of the sum of absolute values; 0 for exact answers. */
  readonly tolerance: number;
}

/** By feature name. */
export type Answers = Readonly<Record<string, Answer>>;

export function askOracle(world: World, request: WorldRequest): Answers {
  return Object.fromEntries(
    world.planned.features.map((feature) => [feature.name, answerFeature(world, request, feature)]),
  );
}

function answerFeature(world: World, request: WorldRequest, feature: FeatureManifest): Answer {
  return feature.kind === 'column' ? answerColumn(world, request, feature) : answerAggregate(world, request, feature);
}

function answerColumn(world: World, request: WorldRequest, feature: FeatureManifest & { kind: 'column' }): Answer {
  const { view, source } = world.planned;
  const candidates = knownRows(world, request).filter(({ event }) => event + BigInt(view.delayMicros) <= request.at);
  const greatest = candidates.sort(compareOracleRows).at(-1);
  const fresh =
    greatest !== undefined &&
    !isDelete(world, greatest) &&
    (view.ttlMicros === null || greatest.event >= request.at - BigInt(view.ttlMicros));
  if (!fresh) {
    const status = greatest === undefined || isDelete(world, greatest) ? 'MISSING' : 'EXPIRED';
    return {
      value: feature.default,
      status: feature.default === null ? status : 'DEFAULT',
      leak: source.created === null ? null : false,
      tolerance: 0,
    };
  }
  const value = greatest.values[feature.column as ValueColumn];
  return {
    value,
    status: value === null ? 'NULL' : 'PRESENT',
    leak: leaks(world, [greatest], request.at),
    tolerance: 0,
  };
}

function answerAggregate(world: World, request: WorldRequest, feature: AggregateFeatureManifest): Answer {
  const rows = windowRows(world, request, feature);
  const values = rows.map((row) => (feature.column === null ? null : row.values[feature.column as ValueColumn]));
  const { value, tolerance } = aggregateValue(feature, values);
  return {
    value,
    status: value === null ? 'NULL' : 'PRESENT',
    leak: leaks(world, rows, request.at),
    tolerance,
  };
}

/** The rows that an aggregate is made from, in row order. */
function windowRows(world: World, request: WorldRequest, { window, where }: AggregateFeatureManifest): WorldRow[] {
  const delay = BigInt(world.planned.view.delayMicros);
  const entered = world.rows.filter((row) => isKnown(world, row, request.at) && row.event + delay < request.at);
  const rows = greatestOfEvents(world, entered)
    .filter((row) => isOfKey(row, request) && !isDelete(world, row) && passesWhere(row, where))
    .sort(compareOracleRows);
  switch (window.kind) {
    case 'all':
      return rows;
    case 'last':
      return rows.slice(-window.count);
    case 'duration': {
      const start = floorInstant(request.at - BigInt(window.micros), BigInt(window.resolutionMicros ?? 1));
      return rows.filter(({ event }) => event >= start);
    }
  }
}

/** Without the rows that have a greater one of the same event among them. */
function greatestOfEvents({ planned }: World, rows: readonly WorldRow[]): readonly WorldRow[] {
  const column = planned.source.eventId as ValueColumn | null;
  if (column === null) return rows;
  const idOf = (row: WorldRow): EngineValue => row.values[column];
  return rows.filter(
    (row) =>
      idOf(row) === null || !rows.some((other) => idOf(other) === idOf(row) && compareOracleRows(other, row) > 0),
  );
}

const DELETES: readonly EngineValue[] = ['delete', 'DELETE', 'd', 'D'];

/** Whether the row says that what it is about is gone. */
function isDelete({ planned }: World, row: WorldRow): boolean {
  const { operation } = planned.source;
  return operation !== null && DELETES.includes(row.values[operation as ValueColumn]);
}

/** Rows of the request's key that count as known. */
function knownRows(world: World, request: WorldRequest): WorldRow[] {
  return world.rows.filter((row) => isOfKey(row, request) && isKnown(world, row, request.at));
}

/** A null key matches nothing. */
function isOfKey(row: WorldRow, { keys }: WorldRequest): boolean {
  return keys.every((key, index) => key !== null && key === row.keys[index]);
}

function isKnown({ planned, asKnown }: World, { created }: WorldRow, at: Micros): boolean {
  return !asKnown || planned.source.created === null || (created !== null && created <= at);
}

function leaks({ planned }: World, rows: readonly WorldRow[], at: Micros): boolean | null {
  if (planned.source.created === null) return null;
  return rows.some(({ created }) => created !== null && created > at);
}

function floorInstant(instant: Micros, step: bigint): Micros {
  const rest = ((instant % step) + step) % step;
  return instant - rest;
}
