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
import { asofDueAt, createAsofCodec, type AsofState } from './asof-state.ts';
import { createKeyEncoder, type KeyEncoder } from './entity-key.ts';
import { answerOf, uniform, type EntityAnswer } from './entity-answer.ts';
import { onceForEach } from './once-for-each.ts';
import { absentCell, presentCell, UNAVAILABLE_CELL, type OnlineCell } from './online-cell.ts';

export interface ViewReader {
  readonly keys: KeyEncoder;
  /** By the features; undefined when the state holds something that is due later than `at`. */
  answer(bytes: Uint8Array, features: readonly FeatureManifest[], at: Micros): EntityAnswer | undefined;
  /** The time of the newest event, and the answer as soon as everything in the state counts. */
  newest(bytes: Uint8Array, features: readonly FeatureManifest[]): NewestAnswer;
}

export interface NewestAnswer {
  readonly event: Micros;
  readonly answer: EntityAnswer;
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
export const emptyAnswer = onceForEach((features: readonly FeatureManifest[]) =>
  answerOf(
    features.map((feature) =>
      feature.kind === 'aggregate'
        ? windowCell({ feature, serve: serverOf(feature, feature.valueType) }, null, null)
        : absentCell(feature, 'MISSING', null, 'online'),
    ),
  ),
);

/** A feature, and how its stored value is served. */
interface ServedFeature {
  readonly feature: FeatureManifest;
  readonly serve: (value: EngineValue) => FeatureValue;
}

/** One that is read from a column of a row. */
interface ServedColumn extends ServedFeature {
  /** Among the codec's columns. */
  readonly place: number;
}

function createViewReader(view: FeatureViewManifest, source: StoredSourceManifest): ViewReader {
  const keys = createKeyEncoder(view.keys.map(({ type }) => type));
  if (view.mode === 'asof') {
    const codec = createAsofCodec(view, source);
    const columnsOf = onceForEach((features: readonly FeatureManifest[]) =>
      features.map((feature): ServedColumn => {
        const place = codec.columns.findIndex(({ name }) => name === (feature as ColumnFeatureManifest).column);
        return { feature, place, serve: serverOf(feature, codec.columns[place]!.type) };
      }),
    );
    return {
      keys,
      answer: (bytes, features, at) => answerRow(view, codec.decode(bytes), columnsOf(features), at),
      newest: (bytes, features) => {
        const row = codec.decode(bytes);
        const answer = answerRow(view, row, columnsOf(features), asofDueAt(view, row.order))!;
        return { event: row.order.event, answer };
      },
    };
  }
  const codec = createAggregateCodec(view, source);
  const windowsOf = onceForEach((features: readonly FeatureManifest[]) =>
    features.map((feature): ServedFeature => ({ feature, serve: serverOf(feature, feature.valueType) })),
  );
  return {
    keys,
    answer: (bytes, features, at) => answerWindows(codec.decode(bytes), windowsOf(features), at),
    newest: (bytes, features) => {
      const state = codec.decode(bytes);
      return { event: state.newestEvent, answer: answerWindows(state, windowsOf(features), state.dueAt)! };
    },
  };
}

function answerRow(
  view: FeatureViewManifest,
  { order, values }: AsofState,
  columns: readonly ServedColumn[],
  at: Micros,
): EntityAnswer | undefined {
  if (asofDueAt(view, order) > at) return undefined;
  if (values === null) return absentRow('MISSING', order.event, columns);
  const isExpired = view.ttlMicros !== null && order.event < at - BigInt(view.ttlMicros);
  if (isExpired) return absentRow('EXPIRED', order.event, columns);
  const served: FeatureValue[] = [];
  let hasNull = false;
  for (const { place, serve } of columns) {
    const value = serve(values[place]!);
    hasNull ||= value === null;
    served.push(value);
  }
  return foundAnswer(served, hasNull, order.event);
}

function absentRow(status: 'MISSING' | 'EXPIRED', event: Micros, columns: readonly ServedColumn[]): EntityAnswer {
  return answerOf(columns.map(({ feature }) => absentCell(feature, status, event, 'online')));
}

/** Stored values, as they are served. */
function foundAnswer(values: readonly FeatureValue[], hasNull: boolean, event: Micros): EntityAnswer {
  return {
    values,
    statuses: hasNull
      ? values.map((value) => (value === null ? 'NULL' : 'PRESENT'))
      : uniform('PRESENT', values.length),
    servedFrom: uniform('online', values.length),
    eventTimestamp: event,
  };
}

function answerWindows(state: AggregateState, windows: readonly ServedFeature[], at: Micros): EntityAnswer | undefined {
  if (state.dueAt > at) return undefined;
  const served: FeatureValue[] = [];
  for (const { feature, serve } of windows) {
    const value = state.answer(feature.name, at);
    if (value === undefined || (value === null && hasStandIn(feature))) return answerGaps(state, windows, at);
    served.push(serve(value));
  }
  return foundAnswer(served, served.includes(null), state.newestEvent);
}

/** Whether an empty window of the feature is something else than null. */
function hasStandIn(feature: FeatureManifest): boolean {
  return feature.default !== null || (feature.kind === 'aggregate' && feature.function === 'count');
}

/** Windows one of which has a default in its place, or more events than are kept. */
function answerGaps(state: AggregateState, windows: readonly ServedFeature[], at: Micros): EntityAnswer {
  const cells = windows.map((window) => {
    const value = state.answer(window.feature.name, at);
    return value === undefined ? UNAVAILABLE_CELL : windowCell(window, value, state.newestEvent);
  });
  return { ...answerOf(cells), eventTimestamp: state.newestEvent };
}

/** A window without input counts 0 and is otherwise null, which is what a default stands in for. */
function windowCell({ feature, serve }: ServedFeature, value: EngineValue, newestEvent: Micros | null): OnlineCell {
  const counted = value ?? (feature.kind === 'aggregate' && feature.function === 'count' ? 0 : null);
  if (counted === null) return absentCell(feature, 'NULL', newestEvent, 'online');
  return presentCell(serve(counted), newestEvent, 'online');
}

function serverOf(feature: FeatureManifest, type: StoredType): ServedFeature['serve'] {
  const { transform } = feature;
  const plain = isPlainNumber(feature);
  if (transform === null) return (value) => toTypeScript(value, type, plain);
  return (value) => {
    const transformed = applyTransform(transform, toTypeScript(value, type, false));
    // a clipped count is a count
    return typeof transformed === 'bigint' && plain ? Number(transformed) : transformed;
  };
}
