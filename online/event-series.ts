/**
 * An exact window: its events themselves, up to a number. Of a key with more, the newest are kept together with the
 * instant of the newest one left out, so that a window that does not reach back to it is still answered.
 */
import type { Aggregate } from '../aggregates/aggregate.ts';
import type { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import type { RowOrder } from '../aggregates/row-order.ts';
import { readNullable, writeNullable } from '../aggregates/value-codec.ts';
import type { Micros } from '../contracts/time.ts';
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';
import type { Series, SeriesBuilder, SeriesState } from './series.ts';

interface KeptEvent {
  readonly event: Micros;
  readonly value: EngineValue;
}

export interface EventSettings extends Pick<Series, 'column' | 'filter'> {
  readonly aggregate: Aggregate;
  /** Null for `count`, whose events carry no value. */
  readonly type: StoredType | null;
  readonly longestMicros: number;
  readonly maxEvents: number;
}

export function createEventSeries(settings: EventSettings): Series {
  return {
    column: settings.column,
    filter: settings.filter,
    reachMicros: settings.longestMicros,
    start: () => new EventBuilder(settings),
    decode: (reader) => readEvents(reader, settings),
  };
}

class EventBuilder implements SeriesBuilder {
  readonly #settings: EventSettings;
  #events: KeptEvent[] = [];
  /** Newest event left out because there were too many; null when none was. */
  #leftOut: Micros | null = null;

  constructor(settings: EventSettings) {
    this.#settings = settings;
  }

  add(value: EngineValue, order: RowOrder): void {
    this.#events.push({ event: order.event, value });
    if (this.#events.length >= 2 * this.#settings.maxEvents) this.#trim(order.event);
  }

  encode(writer: ByteWriter, newest: Micros): void {
    this.#trim(newest);
    const { type } = this.#settings;
    const reachable = this.#leftOut !== null && this.#leftOut >= this.#earliest(newest);
    writer.byte(reachable ? 1 : 0);
    if (reachable) writer.integer(this.#leftOut!);
    writer.count(this.#events.length);
    let before = 0n;
    for (const { event, value } of this.#events) {
      writer.integer(event - before);
      before = event;
      if (type !== null) writeNullable(writer, type, value);
    }
  }

  #trim(newest: Micros): void {
    const earliest = this.#earliest(newest);
    const inWindow = this.#events.filter(({ event }) => event >= earliest);
    const surplus = inWindow.length - this.#settings.maxEvents;
    if (surplus > 0) this.#leftOut = inWindow[surplus - 1]!.event;
    this.#events = surplus > 0 ? inWindow.slice(surplus) : inWindow;
  }

  #earliest(newest: Micros): Micros {
    return newest - BigInt(this.#settings.longestMicros);
  }
}

function readEvents(reader: ByteReader, { aggregate, type }: EventSettings): SeriesState {
  const leftOut = reader.byte() === 1 ? reader.integer() : null;
  let event = 0n;
  const events = Array.from({ length: reader.count() }, () => {
    event += reader.integer();
    return { event, value: type === null ? null : readNullable(reader, type) };
  });
  return {
    answer(at, windowMicros) {
      const from = at - BigInt(windowMicros ?? 0);
      if (leftOut !== null && leftOut >= from) return undefined;
      let state = aggregate.empty();
      // events stand in row order, so their place is an order as good as the one they came with
      events.forEach((kept, place) => {
        const order = { event: kept.event, created: null, sequence: BigInt(place) };
        if (kept.event >= from) state = aggregate.add(state, kept.value, order);
      });
      return aggregate.finish(state);
    },
  };
}
