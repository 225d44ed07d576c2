/**
 * What Redis holds for one entity of an aggregate view: everything its windows need, at one position.
 *
 *     form 1 | position 12 | newest event | due at, after the newest event | one block per series
 */
import { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import { passesFilter } from '../aggregates/row-filter.ts';
import type { RowOrder } from '../aggregates/row-order.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import type { EngineValue } from '../engine/engine.ts';
import { createAggregateLayout, type AggregateLayout } from './aggregate-layout.ts';
import { readPosition, writePosition, type Position } from './position.ts';
import type { SeriesState } from './series.ts';
import { STATE_IS_AGGREGATE, stateFlags, stateForm } from './state-form.ts';

export interface AggregateState {
  readonly position: Position;
  readonly newestEvent: Micros;
  /** The first instant at which every row in the state counts. Before it, the state knows too much. */
  readonly dueAt: Micros;
  /** The value of a feature at an instant from `dueAt` on; undefined when its events were more than are kept. */
  answer(feature: string, at: Micros): EngineValue | undefined;
}

export interface AggregateBuilder {
  /**
   * Takes a row of the key in, in any order, which may be older than rows that are in the state already. `values` by the
   * columns of the layout, null for a row that counts in no window: a delete, or one that stopped to count at `until`. The
   * state answers from then on.
   */
  add(order: RowOrder, values: readonly EngineValue[] | null, until?: Micros): void;
  encode(position: Position): Uint8Array;
}

export interface AggregateCodec {
  readonly layout: AggregateLayout;
  /** A builder for the rows of one key; at least one row must be added. */
  start(): AggregateBuilder;
  /**
   * A builder that goes on from what another encoded. Whichever rows came before and which now, and in whatever order, the
   * state answers as one of all rows at once; its bytes are equal but for the rounding of floats.
   */
  resume(bytes: Uint8Array): AggregateBuilder;
  decode(bytes: Uint8Array): AggregateState;
}

/** The codec of one version of an aggregate view. */
export function createAggregateCodec(view: FeatureViewManifest, source: StoredSourceManifest): AggregateCodec {
  const layout = createAggregateLayout(view, source);
  return {
    layout,
    start: () => buildState(view, layout, undefined),
    resume: (bytes) => buildState(view, layout, readState(layout, bytes)),
    decode: (bytes) => decodeState(layout, bytes),
  };
}

/** The first instant at which a row counts: windows end before the instant they are asked at. */
export function aggregateDueAt(view: FeatureViewManifest, order: RowOrder): Micros {
  const published = order.event + BigInt(view.delayMicros) + 1n;
  return view.asKnown && order.created !== null && order.created > published ? order.created : published;
}

interface StoredState {
  readonly position: Position;
  readonly newestEvent: Micros;
  readonly dueAt: Micros;
  readonly series: readonly (() => SeriesState)[];
}

function buildState(
  view: FeatureViewManifest,
  layout: AggregateLayout,
  stored: StoredState | undefined,
): AggregateBuilder {
  const states = stored?.series.map((resume) => resume()) ?? layout.series.map((series) => series.start());
  const place = new Map(layout.columns.map((name, index) => [name, index]));
  let newest = stored?.newestEvent;
  let dueAt = stored?.dueAt;
  return {
    add(order, values, until) {
      newest = later(newest, order.event);
      dueAt = later(dueAt, until ?? aggregateDueAt(view, order));
      if (values === null) return;
      const valueOf = (column: string): EngineValue => values[place.get(column)!]!;
      layout.series.forEach(({ column, filter }, index) => {
        if (!passesFilter(filter, valueOf)) return;
        states[index]!.add(column === null ? null : valueOf(column), order);
      });
    },
    encode(position) {
      if (newest === undefined || dueAt === undefined) throw new TypeError('an aggregate state needs a row');
      const writer = new ByteWriter();
      writer.byte(stateForm(STATE_IS_AGGREGATE));
      writePosition(writer, position);
      writer.integer(newest);
      writer.integer(dueAt - newest);
      for (const state of states) {
        const block = new ByteWriter();
        state.encode(block, newest);
        writer.block(block.finish());
      }
      return writer.finish();
    },
  };
}

function readState(layout: AggregateLayout, bytes: Uint8Array): StoredState {
  const reader = new ByteReader(bytes);
  stateFlags(reader.byte());
  const position = readPosition(reader);
  const newestEvent = reader.integer();
  const dueAt = newestEvent + reader.integer();
  const blocks = layout.series.map(() => reader.block());
  const series = layout.series.map((one, index) => lazily(() => one.resume(new ByteReader(blocks[index]!))));
  return { position, newestEvent, dueAt, series };
}

function decodeState(layout: AggregateLayout, bytes: Uint8Array): AggregateState {
  const { series, ...state } = readState(layout, bytes);
  return {
    ...state,
    answer(feature, at) {
      const place = layout.features.get(feature);
      if (place === undefined) throw new TypeError(`the view has no feature ${feature}`);
      return series[place.series]!().answer(at, place.windowMicros);
    },
  };
}

function later(instant: Micros | undefined, other: Micros): Micros {
  return instant !== undefined && instant > other ? instant : other;
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
