/** What the stored state of one entity says about a view's features at an instant. */
import type {
  ColumnFeatureManifest,
  FeatureManifest,
  FeatureViewManifest,
  StoredSourceManifest,
} from '../contracts/manifest.ts';
import type { PlannedView } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import type { FeatureValue, StoredType } from '../contracts/values.ts';
import { applyTransform } from '../definitions/transforms.ts';
import { isPlainNumber } from '../definitions/normalization/feature-types.ts';
import type { EngineValue } from '../engine/engine.ts';
import { toTypeScript } from '../offline/typescript-values.ts';
import { createAggregateCodec, type AggregateState } from './aggregate-state.ts';
import { asofDueAt, createAsofCodec, type AsofCodec } from './asof-state.ts';
import { createKeyEncoder, type KeyEncoder } from './entity-key.ts';
import { absentCell, presentCell, UNAVAILABLE_CELL, type OnlineCell } from './online-cell.ts';

export interface ViewReader {
  readonly keys: KeyEncoder;
  /** One cell per feature; undefined when the state holds something that is due later than `at`. */
  answer(bytes: Uint8Array, features: readonly FeatureManifest[], at: Micros): readonly OnlineCell[] | undefined;
  /** The time of the newest event, and the cells as soon as everything in the state counts. */
  newest(bytes: Uint8Array, features: readonly FeatureManifest[]): NewestCells;
}

export interface NewestCells {
  readonly event: Micros;
  readonly cells: readonly OnlineCell[];
}

const READERS = new WeakMap<FeatureViewManifest, ViewReader>();

/** The reader of a view version, made once for each manifest. */
export function viewReader({ view, source }: Pick<PlannedView, 'view' | 'source'>): ViewReader {
  let reader = READERS.get(view);
  if (reader === undefined) {
    reader = createViewReader(view, source);
    READERS.set(view, reader);
  }
  return reader;
}

/** What a key without any row has. */
export function emptyCells(features: readonly FeatureManifest[]): readonly OnlineCell[] {
  return features.map((feature) =>
    feature.kind === 'aggregate' ? windowCell(feature, null, null) : absentCell(feature, 'MISSING', null, 'online'),
  );
}

function createViewReader(view: FeatureViewManifest, source: StoredSourceManifest): ViewReader {
  const keys = createKeyEncoder(view.keys.map(({ type }) => type));
  if (view.mode === 'asof') {
    const codec = createAsofCodec(view, source);
    const places = new Map(codec.columns.map((column, index) => [column.name, { index, type: column.type }]));
    return {
      keys,
      answer: (bytes, features, at) => answerRow(view, codec, places, bytes, features, at),
      newest: (bytes, features) => {
        const { order } = codec.decode(bytes);
        return { event: order.event, cells: answerRow(view, codec, places, bytes, features, asofDueAt(view, order))! };
      },
    };
  }
  const codec = createAggregateCodec(view, source);
  return {
    keys,
    answer: (bytes, features, at) => answerWindows(codec.decode(bytes), features, at),
    newest: (bytes, features) => {
      const state = codec.decode(bytes);
      return { event: state.newestEvent, cells: answerWindows(state, features, state.dueAt)! };
    },
  };
}

type ColumnPlaces = ReadonlyMap<string, { readonly index: number; readonly type: StoredType }>;

function answerRow(
  view: FeatureViewManifest,
  codec: AsofCodec,
  places: ColumnPlaces,
  bytes: Uint8Array,
  features: readonly FeatureManifest[],
  at: Micros,
): readonly OnlineCell[] | undefined {
  const { order, values } = codec.decode(bytes);
  if (asofDueAt(view, order) > at) return undefined;
  if (values === null) return features.map((feature) => absentCell(feature, 'MISSING', order.event, 'online'));
  const expired = view.ttlMicros !== null && order.event < at - BigInt(view.ttlMicros);
  return features.map((feature) => {
    if (expired) return absentCell(feature, 'EXPIRED', order.event, 'online');
    const place = places.get((feature as ColumnFeatureManifest).column)!;
    return presentCell(served(feature, values[place.index]!, place.type), order.event, 'online');
  });
}

function answerWindows(
  state: AggregateState,
  features: readonly FeatureManifest[],
  at: Micros,
): readonly OnlineCell[] | undefined {
  if (state.dueAt > at) return undefined;
  return features.map((feature) => {
    const value = state.answer(feature.name, at);
    return value === undefined ? UNAVAILABLE_CELL : windowCell(feature, value, state.newestEvent);
  });
}

/** A window without input counts 0 and is otherwise null, which is what a default stands in for. */
function windowCell(feature: FeatureManifest, value: EngineValue, newestEvent: Micros | null): OnlineCell {
  const counted = value ?? (feature.kind === 'aggregate' && feature.function === 'count' ? 0 : null);
  if (counted === null) return absentCell(feature, 'NULL', newestEvent, 'online');
  return presentCell(served(feature, counted, feature.valueType), newestEvent, 'online');
}

function served(feature: FeatureManifest, value: EngineValue, type: StoredType): FeatureValue {
  if (feature.transform === null) return toTypeScript(value, type, isPlainNumber(feature));
  const transformed = applyTransform(feature.transform, toTypeScript(value, type, false));
  // a clipped count is a count
  return typeof transformed === 'bigint' && isPlainNumber(feature) ? Number(transformed) : transformed;
}
