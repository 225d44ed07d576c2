/**
 * An exact window: its events themselves, up to a number. Of a key with more, the newest are kept together with the
 * instant of the newest one left out, so that a window that does not reach back to it is still answered. Events at that
 * instant are left out too: no window that is answered reaches them.
 *
 *     left out: 1, has orders: 2 | newest left out | number | per event: its time, what the aggregate needs of it
 *
 * `first` and `last` go by the order of rows, which is kept with their events: an older row of the same instant may come
 * later. Other aggregates do not depend on it.
 */
import type { Aggregate } from '../aggregates/aggregate.ts';
import type { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import { compareRowOrder, type RowOrder } from '../aggregates/row-order.ts';
import { AsofError } from '../contracts/errors.ts';
import type { Micros } from '../contracts/time.ts';
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import { readKeptEvents, writeKeptEvents, type KeptEvent } from './kept-events.ts';
import type { Series, SeriesState } from './series.ts';

export interface EventSettings extends Pick<Series, 'column' | 'filter'> {
  readonly aggregate: Aggregate;
  /** Null for `count`, whose events carry no value. */
  readonly type: StoredType | null;
  readonly longestMicros: number;
  readonly maxEvents: number;
}

const IS_LEFT_OUT = 1;
const HAS_ORDERS = 2;

export function createEventSeries(settings: EventSettings): Series {
  return {
    column: settings.column,
    filter: settings.filter,
    reachMicros: settings.longestMicros,
    start: () => new EventState(settings, { leftOut: null, events: [], isOrdered: true }),
    resume: (reader) => new EventState(settings, readStored(reader, settings)),
  };
}

interface StoredEvents {
  readonly leftOut: Micros | null;
  readonly events: KeptEvent[];
  /** Whether the orders of the events are theirs. */
  readonly isOrdered: boolean;
}

class EventState implements SeriesState {
  readonly #settings: EventSettings;
  readonly #isOrdered: boolean;
  #events: KeptEvent[];
  #isSorted = true;
  /** Newest event left out because there were too many; null when none was. */
  #leftOut: Micros | null;

  constructor(settings: EventSettings, { leftOut, events, isOrdered }: StoredEvents) {
    this.#settings = settings;
    this.#isOrdered = isOrdered;
    this.#events = events;
    this.#leftOut = leftOut;
  }

  add(value: EngineValue, order: RowOrder): void {
    if (this.#settings.aggregate.goesByOrder && !this.#isOrdered) throw withoutOrders();
    if (this.#leftOut !== null && order.event <= this.#leftOut) return;
    const last = this.#events.at(-1);
    this.#isSorted &&= last === undefined || compareRowOrder(last.order, order) <= 0;
    this.#events.push({ order, value });
    if (this.#events.length >= 2 * this.#settings.maxEvents) this.#trim();
  }

  encode(writer: ByteWriter, newest: Micros): void {
    this.#trim(newest);
    const { type, aggregate } = this.#settings;
    const hasOrders = aggregate.goesByOrder === true && this.#isOrdered;
    writer.byte((this.#leftOut === null ? 0 : IS_LEFT_OUT) | (hasOrders ? HAS_ORDERS : 0));
    if (this.#leftOut !== null) writer.integer(this.#leftOut);
    writeKeptEvents(writer, this.#events, { type, hasOrders });
  }

  answer(at: Micros, windowMicros: number | null): EngineValue | undefined {
    const { aggregate } = this.#settings;
    const from = at - BigInt(windowMicros ?? 0);
    if (this.#leftOut !== null && this.#leftOut >= from) return undefined;
    let state = aggregate.empty();
    for (const { order, value } of this.#events) {
      if (order.event >= from) state = aggregate.add(state, value, order);
    }
    return aggregate.finish(state);
  }

  #trim(newest?: Micros): void {
    if (!this.#isSorted) this.#events.sort((a, b) => compareRowOrder(a.order, b.order));
    this.#isSorted = true;
    const last = newest ?? this.#events.at(-1)?.order.event;
    if (last === undefined) return;
    const earliest = last - BigInt(this.#settings.longestMicros);
    const inWindow = this.#events.filter(({ order }) => order.event >= earliest);
    const surplus = inWindow.length - this.#settings.maxEvents;
    if (surplus > 0) this.#leftOut = inWindow[surplus - 1]!.order.event;
    const leftOut = this.#leftOut;
    if (leftOut !== null && leftOut < earliest) this.#leftOut = null;
    this.#events = surplus > 0 ? inWindow.slice(surplus).filter(({ order }) => order.event > leftOut!) : inWindow;
  }
}

function readStored(reader: ByteReader, { aggregate, type }: EventSettings): StoredEvents {
  const flags = reader.byte();
  const leftOut = (flags & IS_LEFT_OUT) === 0 ? null : reader.integer();
  const hasOrders = (flags & HAS_ORDERS) !== 0;
  const events = readKeptEvents(reader, { type, hasOrders });
  return { leftOut, events, isOrdered: hasOrders || aggregate.goesByOrder !== true };
}

/** Values from before orders were kept answer as they did, and cannot take in a row at its place. */
function withoutOrders(): AsofError {
  return new AsofError('CONFLICT', {
    where: 'online values',
    problem:
      'a value of `first` or `last` was written by an older version, without the order of its rows; make them anew',
  });
}
