/** The JSON document of an online read: what the HTTP API answers and the command line prints. */
import { formatInstant, type Micros } from '../contracts/time.ts';
import type { FeatureStatus, JsonValue, ServedFrom } from '../contracts/values.ts';
import type { OnlineCell } from './online-cell.ts';
import { readOnlineVectors, type OnlineReadRequest, type OnlineVectors } from './online-reads.ts';
import type { OnlineReadDependencies } from './read-dependencies.ts';
import { formatJsonValue } from './value-json.ts';

export interface OnlineFeaturesResult {
  readonly metadata: {
    /** Join keys, then features as `view__feature`: one result each. */
    readonly feature_names: readonly string[];
    /** View to fingerprint. */
    readonly versions: Readonly<Record<string, string>>;
    /** View to how far its values go; null for a view that was never materialized or is not available. */
    readonly position: Readonly<Record<string, { readonly snapshot: number; readonly to: string } | null>>;
  };
  readonly results: readonly OnlineFeatureResult[];
}

/** By entity, in the order asked for. */
export interface OnlineFeatureResult {
  readonly values: readonly JsonValue[];
  readonly statuses: readonly FeatureStatus[];
  readonly event_timestamps: readonly (string | null)[];
  readonly served_from: readonly ServedFrom[];
}

/** `readOnlineVectors`, as the document. */
export async function readOnlineFeatures(
  dependencies: OnlineReadDependencies,
  request: OnlineReadRequest,
): Promise<OnlineFeaturesResult> {
  return formatFeatureDocument(await readOnlineVectors(dependencies, request));
}

/** Integers beyond ±(2^53-1), NaN and infinities are text. */
export function formatFeatureDocument(vectors: OnlineVectors): OnlineFeaturesResult {
  const formatEvent = rememberingFormat();
  return {
    metadata: describeRead(vectors),
    results: [...vectors.keys, ...vectors.features].map(({ cells }) => formatCells(cells, formatEvent)),
  };
}

/** Names of the results, and what was read. */
function describeRead({ names, versions, positions }: OnlineVectors): OnlineFeaturesResult['metadata'] {
  return { feature_names: names, versions, position: describePositions(positions) };
}

export function describePositions(positions: OnlineVectors['positions']): OnlineFeaturesResult['metadata']['position'] {
  return Object.fromEntries(
    Object.entries(positions).map(([view, position]) => [
      view,
      position && { snapshot: position.snapshot, to: formatInstant(position.to) },
    ]),
  );
}

/** All features of a view have the event time of one row, and formatting it costs more than reading it. */
function rememberingFormat(): (instant: Micros | null) => string | null {
  const known = new Map<Micros, string>();
  return (instant) => {
    if (instant === null) return null;
    let text = known.get(instant);
    if (text === undefined) known.set(instant, (text = formatInstant(instant)));
    return text;
  };
}

function formatCells(
  cells: readonly OnlineCell[],
  formatEvent: (instant: Micros | null) => string | null,
): OnlineFeatureResult {
  return {
    values: cells.map(({ value }) => formatJsonValue(value)),
    statuses: cells.map(({ status }) => status),
    event_timestamps: cells.map(({ eventTimestamp }) => formatEvent(eventTimestamp)),
    served_from: cells.map(({ servedFrom }) => servedFrom),
  };
}
