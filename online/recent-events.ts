/**
 * The newest events of a key, by id, not yet settled in its series: another row with the id of one may still come, and takes
 * its place if it is greater. Events are settled once they are older than the key's newest event by the source's allowed
 * lateness, or are too many; a row from before the settled instant comes too late and is left out.
 *
 *     settled, before the newest event | number | per event: id 8, order, whether it counts, its values
 */
import type { ByteReader, ByteWriter } from '../aggregates/bytes.ts';
import { readOrder, writeOrder } from '../aggregates/order-codec.ts';
import { compareRowOrder, type RowOrder } from '../aggregates/row-order.ts';
import { readNullable, writeNullable } from '../aggregates/value-codec.ts';
import { MICROS_PER_MINUTE, type Micros } from '../contracts/time.ts';
import type { StoredType } from '../contracts/values.ts';
import type { EngineValue } from '../engine/engine.ts';

export interface RecentEvent {
  /** Of the id; two of the events of one key share it with a chance of about one in 10^11. */
  readonly hash: bigint;
  readonly order: RowOrder;
  /** Null for an event that counts in no window. */
  readonly values: readonly EngineValue[] | null;
}

export interface RecentSettings {
  /** Of the values, in order. */
  readonly types: readonly StoredType[];
  /** Null for the default. */
  readonly allowedLatenessMicros: number | null;
}

/** Of sources that declare no lateness. */
const DEFAULT_LATENESS_MICROS = 10 * MICROS_PER_MINUTE;
/** Events of one key that are kept at most, as of an exact window. */
const MOST_RECENT = 10_000;

export class RecentEvents {
  readonly #settings: RecentSettings;
  readonly #events: Map<bigint, RecentEvent>;
  /** Rows before it are settled; null as long as none is. */
  #settledBefore: Micros | null;

  constructor(settings: RecentSettings, settledBefore: Micros | null, events: readonly RecentEvent[]) {
    this.#settings = settings;
    this.#settledBefore = settledBefore;
    this.#events = new Map(events.map((event) => [event.hash, event]));
  }

  get events(): Iterable<RecentEvent> {
    return this.#events.values();
  }

  /** False for a row that comes too late. */
  add(event: RecentEvent): boolean {
    if (this.#settledBefore !== null && event.order.event < this.#settledBefore) return false;
    const known = this.#events.get(event.hash);
    if (known === undefined || compareRowOrder(event.order, known.order) > 0) this.#events.set(event.hash, event);
    return true;
  }

  /** Whether there are so many events that some have to be settled at once. */
  get isFull(): boolean {
    return this.#events.size >= 2 * MOST_RECENT;
  }

  /** Takes out the events that no row can replace any more, in row order. */
  settle(newest: Micros): readonly RecentEvent[] {
    const lateness = this.#settings.allowedLatenessMicros ?? DEFAULT_LATENESS_MICROS;
    const sorted = [...this.#events.values()].sort((a, b) => compareRowOrder(a.order, b.order));
    const surplus = sorted[sorted.length - MOST_RECENT - 1];
    let before = newest - BigInt(lateness);
    if (surplus !== undefined && surplus.order.event >= before) before = surplus.order.event + 1n;
    if (this.#settledBefore !== null && this.#settledBefore > before) before = this.#settledBefore;
    this.#settledBefore = before;
    const settled = sorted.filter(({ order }) => order.event < before);
    for (const { hash } of settled) this.#events.delete(hash);
    return settled;
  }

  /** After `settle` of the same instant. */
  encode(writer: ByteWriter, newest: Micros): void {
    writer.integer(newest - this.#settledBefore!);
    writer.count(this.#events.size);
    const sorted = [...this.#events.values()].sort((a, b) => compareRowOrder(a.order, b.order));
    for (const { hash, order, values } of sorted) {
      writer.unsigned64(hash);
      writeOrder(writer, { ...order, event: order.event - newest, created: relative(order.created, newest) });
      writer.byte(values === null ? 0 : 1);
      values?.forEach((value, index) => writeNullable(writer, this.#settings.types[index]!, value));
    }
  }
}

/** @param newest the key's newest event */
export function readRecentEvents(reader: ByteReader, settings: RecentSettings, newest: Micros): RecentEvents {
  const settledBefore = newest - reader.integer();
  const events = Array.from({ length: reader.count() }, (): RecentEvent => {
    const hash = reader.unsigned64();
    const { event, created, sequence } = readOrder(reader);
    const order = { event: event + newest, created: created === null ? null : created + newest, sequence };
    const values = reader.byte() === 0 ? null : settings.types.map((type) => readNullable(reader, type));
    return { hash, order, values };
  });
  return new RecentEvents(settings, settledBefore, events);
}

function relative(created: Micros | null, newest: Micros): Micros | null {
  return created === null ? null : created - newest;
}
