/**
 * How the features of an aggregate view share series: the same function of the same column under the same filter and
 * resolution is kept once, as long as the longest of its windows.
 */
import { createAggregate } from '../aggregates/create-aggregate.ts';
import { readFilter } from '../aggregates/row-filter.ts';
import type { AggregateFeatureManifest, FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { columnType, usedColumns } from '../offline/event-relation.ts';
import { createEventSeries } from './event-series.ts';
import { createRunningSeries } from './running-series.ts';
import type { Series } from './series.ts';
import { createTileSeries } from './tile-series.ts';

export interface AggregateLayout {
  readonly series: readonly Series[];
  /** Feature name to its series and the length of its window; null for windows without a lower bound. */
  readonly features: ReadonlyMap<string, { readonly series: number; readonly windowMicros: number | null }>;
  /** Distinct source columns that are aggregated or filtered by. */
  readonly columns: readonly string[];
  /** How far before the newest row of a key anything reaches; null when a feature needs all rows. */
  readonly reachMicros: number | null;
}

export function createAggregateLayout(view: FeatureViewManifest, source: StoredSourceManifest): AggregateLayout {
  const features = view.features.filter((feature) => feature.kind === 'aggregate');
  const groups = groupBySharing(features);
  const series = groups.map((members) => createSeries(members, source));
  const places = groups.flatMap((members, index) =>
    members.map((feature) => [feature.name, { series: index, windowMicros: windowMicros(feature) }] as const),
  );
  const reaches = series.map((one) => one.reachMicros);
  return {
    series,
    features: new Map(places),
    columns: usedColumns(view),
    reachMicros: reaches.includes(null) ? null : Math.max(0, ...reaches.map((reach) => reach ?? 0)),
  };
}

function groupBySharing(
  features: readonly AggregateFeatureManifest[],
): readonly (readonly AggregateFeatureManifest[])[] {
  const groups = new Map<string, AggregateFeatureManifest[]>();
  for (const feature of features) {
    const key = sharingKey(feature);
    const members = groups.get(key);
    if (members) members.push(feature);
    else groups.set(key, [feature]);
  }
  return [...groups.values()];
}

function sharingKey(feature: AggregateFeatureManifest): string {
  const { function: name, column, where, window, maxEvents, quantile, limit } = feature;
  const shape =
    window.kind !== 'duration' ? window : { resolution: window.resolutionMicros ?? `exact, ${maxEvents} events` };
  return JSON.stringify([name, column, where, shape, quantile, limit]);
}

function createSeries(members: readonly AggregateFeatureManifest[], source: StoredSourceManifest): Series {
  const [feature] = members as readonly [AggregateFeatureManifest, ...AggregateFeatureManifest[]];
  const { column, window } = feature;
  const typeOf = (name: string) => columnType(source, name);
  const type = column === null ? null : typeOf(column);
  const aggregate = createAggregate(feature, type);
  const kept = { aggregate, column, filter: readFilter(feature.where, typeOf) };
  if (window.kind !== 'duration') return createRunningSeries(kept);
  const longestMicros = Math.max(...members.map((member) => windowMicros(member) ?? 0));
  return window.resolutionMicros === null
    ? createEventSeries({ ...kept, type, longestMicros, maxEvents: feature.maxEvents })
    : createTileSeries({ ...kept, longestMicros, resolutionMicros: window.resolutionMicros });
}

function windowMicros({ window }: AggregateFeatureManifest): number | null {
  return window.kind === 'duration' ? window.micros : null;
}
