/**
 * What Redis holds for one entity of an aggregate view: everything its windows need, at one position.
 *
 *     form 1 | position 12 | newest event | due at, after the newest event | one block per series | recent events
 *
 * Where events have ids, the newest ones are kept by id and are in no series yet: see `recent-events.ts`.
 */
import { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import { distinctHash } from '../aggregates/distinct-hash.ts';
import { passesFilter } from '../aggregates/row-filter.ts';
import type { RowOrder } from '../aggregates/row-order.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { Micros } from '../contracts/time.ts';
import type { EngineValue } from '../engine/engine.ts';
import { columnType } from '../offline/event-relation.ts';
import { createAggregateLayout, type AggregateLayout } from './aggregate-layout.ts';
import { readPosition, writePosition, type Position } from './position.ts';
import { readRecentEvents, RecentEvents, type RecentSettings } from './recent-events.ts';
import type { SeriesState } from './series.ts';
import { STATE_HAS_RECENT, STATE_IS_AGGREGATE, stateFlags, stateForm } from './state-form.ts';

export interface AggregateState {
  readonly position: Position;
  readonly newestEvent: Micros;
  /** The first instant at which every row in the state counts. Before it, the state knows too much. */
  readonly dueAt: Micros;
  /** The value of a feature at an instant from `dueAt` on; undefined when its events were more than are kept. */
  answer(feature: string, at: Micros): EngineValue | undefined;
}

/** Which event a row belongs to, where events have ids. */
export interface RowIdentity {
  /** Null for a row that is an event by itself. */
  readonly id?: EngineValue;
  /** When the row stopped to count: a greater one of its event entered. */
  readonly until?: Micros | undefined;
}

export interface AggregateBuilder {
  /**
   * Takes a row of the key in, in any order, which may be older than rows that are in the state already. `values` by the
   * columns of the layout, null for a row that counts in no window: a delete, or one that stopped to count at `until`. The
   * state answers from then on. False for a row of an event that comes after others of its time were settled: it is left
   * out.
   */
  add(order: RowOrder, values: readonly EngineValue[] | null, identity?: RowIdentity): boolean;
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

interface Form {
  readonly view: FeatureViewManifest;
  readonly layout: AggregateLayout;
  readonly place: ReadonlyMap<string, number>;
  /** By series, the place of the column that is aggregated; null for `count`. */
  readonly columnPlaces: readonly (number | null)[];
  /** Null where every row is an event. */
  readonly recent: RecentSettings | null;
  /** Of states and of their blocks, which are written one after the other. */
  readonly writer: ByteWriter;
  readonly block: ByteWriter;
}

/** The codec of one version of an aggregate view. */
export function createAggregateCodec(view: FeatureViewManifest, source: StoredSourceManifest): AggregateCodec {
  const layout = createAggregateLayout(view, source);
  const { eventId, allowedLatenessMicros } = source;
  const types = layout.columns.map((name) => columnType(source, name));
  const place = new Map(layout.columns.map((name, index) => [name, index]));
  const form: Form = {
    view,
    layout,
    place,
    columnPlaces: layout.series.map(({ column }) => (column === null ? null : place.get(column)!)),
    writer: new ByteWriter(),
    block: new ByteWriter(),
    recent: eventId === null ? null : { types, allowedLatenessMicros },
  };
  return {
    layout,
    start: () => new StateBuilder(form, undefined),
    resume: (bytes) => new StateBuilder(form, readState(form, bytes)),
    decode: (bytes) => decodeState(form, bytes),
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
  readonly recent: RecentEvents | null;
}

class StateBuilder implements AggregateBuilder {
  readonly #form: Form;
  readonly #states: readonly SeriesState[];
  readonly #recent: RecentEvents | null;
  #newest: Micros | undefined;
  #dueAt: Micros | undefined;

  constructor(form: Form, stored: StoredState | undefined) {
    this.#form = form;
    this.#states = stored?.series.map((resume) => resume()) ?? form.layout.series.map((series) => series.start());
    this.#recent = stored?.recent ?? (form.recent && new RecentEvents(form.recent, null, []));
    this.#newest = stored?.newestEvent;
    this.#dueAt = stored?.dueAt;
  }

  add(order: RowOrder, values: readonly EngineValue[] | null, { id = null, until }: RowIdentity = {}): boolean {
    const recent = this.#recent;
    if (recent === null || id === null) this.#fold(order, values);
    else if (!recent.add({ hash: distinctHash(id), order, values })) return false;
    this.#newest = later(this.#newest, order.event);
    this.#dueAt = later(this.#dueAt, until ?? aggregateDueAt(this.#form.view, order));
    if (recent?.isFull) this.#settle(recent, this.#newest);
    return true;
  }

  encode(position: Position): Uint8Array {
    const newest = this.#newest;
    if (newest === undefined || this.#dueAt === undefined) throw new TypeError('an aggregate state needs a row');
    const recent = this.#recent;
    if (recent !== null) this.#settle(recent, newest);
    const { writer, block } = this.#form;
    writer.clear();
    writer.byte(stateForm(STATE_IS_AGGREGATE | (recent === null ? 0 : STATE_HAS_RECENT)));
    writePosition(writer, position);
    writer.integer(newest);
    writer.integer(this.#dueAt - newest);
    for (const state of this.#states) {
      block.clear();
      state.encode(block, newest);
      writer.block(block.view());
    }
    recent?.encode(writer, newest);
    return writer.finish();
  }

  #fold(order: RowOrder, values: readonly EngineValue[] | null): void {
    for (let index = 0; index < this.#states.length; index += 1) {
      addRow(this.#form, index, this.#states[index]!, order, values);
    }
  }

  #settle(recent: RecentEvents, newest: Micros): void {
    for (const { order, values } of recent.settle(newest)) this.#fold(order, values);
  }
}

/** Takes a row into the state of one series. */
function addRow(
  { place, layout, columnPlaces }: Form,
  index: number,
  state: SeriesState,
  order: RowOrder,
  values: readonly EngineValue[] | null,
): void {
  if (values === null) return;
  const { filter } = layout.series[index]!;
  if (filter.length > 0 && !passesFilter(filter, (name) => values[place.get(name)!]!)) return;
  const column = columnPlaces[index]!;
  state.add(column === null ? null : values[column]!, order);
}

function readState({ layout, recent }: Form, bytes: Uint8Array): StoredState {
  const reader = new ByteReader(bytes);
  const flags = stateFlags(reader.byte());
  const position = readPosition(reader);
  const newestEvent = reader.integer();
  const dueAt = newestEvent + reader.integer();
  const series = layout.series.map((one) => {
    const length = reader.count();
    const { position } = reader;
    reader.seek(position + length);
    return lazily(() => {
      reader.seek(position);
      return one.resume(reader);
    });
  });
  return {
    position,
    newestEvent,
    dueAt,
    series,
    recent: recent && readRecent(reader, recent, newestEvent, (flags & STATE_HAS_RECENT) !== 0),
  };
}

/** A value from before recent events were kept is settled as a whole. */
function readRecent(reader: ByteReader, settings: RecentSettings, newest: Micros, isKept: boolean): RecentEvents {
  return isKept ? readRecentEvents(reader, settings, newest) : new RecentEvents(settings, newest + 1n, []);
}

function decodeState(form: Form, bytes: Uint8Array): AggregateState {
  const { layout } = form;
  const { series, recent, ...state } = readState(form, bytes);
  const whole = series.map((resume, index) =>
    lazily(() => {
      const one = resume();
      for (const { order, values } of recent?.events ?? []) addRow(form, index, one, order, values);
      return one;
    }),
  );
  return {
    ...state,
    answer(feature, at) {
      const place = layout.features.get(feature);
      if (place === undefined) throw new TypeError(`the view has no feature ${feature}`);
      return whole[place.series]!().answer(at, place.windowMicros);
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
