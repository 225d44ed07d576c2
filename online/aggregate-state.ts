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
   * Rows of the key in row order; `values` by the columns of the layout, null for a row that counts in no window: a delete,
   * or one that stopped to count at `until`. The state answers from then on.
   */
  add(order: RowOrder, values: readonly EngineValue[] | null, until?: Micros): void;
  encode(position: Position): Uint8Array;
}

export interface AggregateCodec {
  readonly layout: AggregateLayout;
  /** A builder for the rows of one key; at least one row must be added. */
  start(): AggregateBuilder;
  decode(bytes: Uint8Array): AggregateState;
}

/** The codec of one version of an aggregate view. */
export function createAggregateCodec(view: FeatureViewManifest, source: StoredSourceManifest): AggregateCodec {
  const layout = createAggregateLayout(view, source);
  return {
    layout,
    start: () => startState(view, layout),
    decode: (bytes) => decodeState(layout, bytes),
  };
}

/** The first instant at which a row counts: windows end before the instant they are asked at. */
export function aggregateDueAt(view: FeatureViewManifest, order: RowOrder): Micros {
  const published = order.event + BigInt(view.delayMicros) + 1n;
  return view.asKnown && order.created !== null && order.created > published ? order.created : published;
}

function startState(view: FeatureViewManifest, layout: AggregateLayout): AggregateBuilder {
  const builders = layout.series.map((series) => series.start());
  const place = new Map(layout.columns.map((name, index) => [name, index]));
  let newest: RowOrder | undefined;
  let dueAt: Micros | undefined;
  return {
    add(order, values, until) {
      newest = order;
      const due = until ?? aggregateDueAt(view, order);
      if (dueAt === undefined || due > dueAt) dueAt = due;
      if (values === null) return;
      const valueOf = (column: string): EngineValue => values[place.get(column)!]!;
      layout.series.forEach(({ column, filter }, index) => {
        if (!passesFilter(filter, valueOf)) return;
        builders[index]!.add(column === null ? null : valueOf(column), order);
      });
    },
    encode(position) {
      if (newest === undefined || dueAt === undefined) throw new TypeError('an aggregate state needs a row');
      const writer = new ByteWriter();
      writer.byte(stateForm(STATE_IS_AGGREGATE));
      writePosition(writer, position);
      writer.integer(newest.event);
      writer.integer(dueAt - newest.event);
      for (const builder of builders) {
        const block = new ByteWriter();
        builder.encode(block, newest.event);
        writer.block(block.finish());
      }
      return writer.finish();
    },
  };
}

function decodeState(layout: AggregateLayout, bytes: Uint8Array): AggregateState {
  const reader = new ByteReader(bytes);
  stateFlags(reader.byte());
  const position = readPosition(reader);
  const newestEvent = reader.integer();
  const dueAt = newestEvent + reader.integer();
  const blocks = layout.series.map(() => reader.block());
  const states = layout.series.map((series, index) => lazily(() => series.decode(new ByteReader(blocks[index]!))));
  return {
    position,
    newestEvent,
    dueAt,
    answer(feature, at) {
      const place = layout.features.get(feature);
      if (place === undefined) throw new TypeError(`the view has no feature ${feature}`);
      return states[place.series]!().answer(at, place.windowMicros);
    },
  };
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
