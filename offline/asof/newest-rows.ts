/**
 * The newest row for each request, from rows in any order. A row goes to the first request of its key at or after its entry,
 * which keeps the greatest row that came to it; at the end each request also inherits from the one before it. So a row
 * costs one search among the requests of its key, nothing is sorted, and memory holds the requests alone.
 *
 * Rows compare by (event, created, sequence) whatever their entries, so ties and rows that enter out of order need no care.
 */
import type { AppendColumn, ColumnBatch } from '../../engine/engine.ts';
import type { RequestSlots } from '../request-slots.ts';
import { copyTime, NEVER, noTimes, readTimes, timesToMicros, type Times } from './times.ts';

/** The total order of rows of one key, by position. */
interface RowOrders {
  readonly event: Times;
  /** Undefined when the source has no created times. */
  readonly created: BigInt64Array | undefined;
  readonly sequence: BigInt64Array;
}

export class NewestRows {
  readonly #slots: RequestSlots;
  readonly #at: Times;
  /** By key, where its last row went: the next one is often near. */
  readonly #near: Int32Array;
  /** By request. */
  #newest: RowOrders;

  constructor(slots: RequestSlots, hasCreated: boolean) {
    const { count } = slots;
    this.#slots = slots;
    this.#at = readTimes(slots.at);
    this.#near = slots.begins.slice(0, -1);
    this.#newest = {
      event: noTimes(count),
      created: hasCreated ? new BigInt64Array(count) : undefined,
      sequence: new BigInt64Array(count),
    };
  }

  /** Takes a batch of `entriesSql`. */
  take({ rows, columns }: ColumnBatch): void {
    const values = (name: string): BigInt64Array | undefined =>
      columns.find((column) => column.name === name)?.values as BigInt64Array | undefined;
    const keys = columns[0]!.values as Int32Array;
    const event = this.#readEvents(values('__event')!);
    const entries = values('__entry');
    const entry = entries ? readTimes(entries) : event;
    const orders = { event, created: values('__created'), sequence: values('__seq')! };
    const { begins } = this.#slots;
    const at = this.#at;
    const near = this.#near;
    const newest = this.#newest;
    for (let index = 0; index < rows; index++) {
      const key = keys[index]!;
      const end = begins[key + 1]!;
      const slot = firstFrom(at, begins[key]!, end, near[key]!, entry, index);
      near[key] = slot;
      if (slot < end) offer(orders, index, newest, slot);
    }
  }

  /** Events of the kind that the newest ones are held in, which become `bigint`s with the first batch that needs them. */
  #readEvents(micros: BigInt64Array): Times {
    if (this.#newest.event instanceof BigInt64Array) return micros;
    const event = readTimes(micros);
    if (event instanceof BigInt64Array) this.#newest = { ...this.#newest, event: timesToMicros(this.#newest.event) };
    return event;
  }

  /** By request its ordinal and time, and its row's event, created (when the source has it) and sequence; null without a row. */
  finish(): readonly AppendColumn[] {
    const { begins, row, at } = this.#slots;
    const newest = this.#newest;
    for (let key = 0; key + 1 < begins.length; key++) {
      for (let slot = begins[key]! + 1; slot < begins[key + 1]!; slot++) offer(newest, slot - 1, newest, slot);
    }
    const event = timesToMicros(newest.event);
    const valid = Uint8Array.from(event, (micros) => (micros === NEVER ? 0 : 1));
    const found = [event, ...(newest.created ? [newest.created] : []), newest.sequence];
    return [{ values: row }, { values: at }, ...found.map((values) => ({ values, valid }))];
  }
}

/** Puts a row into a slot if it is greater than the one there. */
function offer(rows: RowOrders, index: number, newest: RowOrders, slot: number): void {
  const event = rows.event[index]!;
  const held = newest.event[slot]!;
  if (event < held || (event === held && !winsTie(rows, index, newest, slot))) return;
  copyTime(rows.event, index, newest.event, slot);
  if (rows.created && newest.created) newest.created[slot] = rows.created[index]!;
  newest.sequence[slot] = rows.sequence[index]!;
}

/** Of two rows with one event. */
function winsTie(a: RowOrders, index: number, b: RowOrders, slot: number): boolean {
  if (a.created && b.created && a.created[index] !== b.created[slot]) return a.created[index]! > b.created[slot]!;
  return a.sequence[index]! > b.sequence[slot]!;
}

/** The first request between `begin` and `end` at or after `entry`, looked for in doubling steps from `near`. */
function firstFrom(at: Times, begin: number, end: number, near: number, entries: Times, index: number): number {
  const entry = entries[index]!;
  let low = near;
  let high = near;
  if (near < end && at[near]! < entry) {
    for (let step = 1; high < end && at[high]! < entry; step *= 2) {
      low = high + 1;
      high = Math.min(end, high + step);
    }
  } else {
    for (let step = 1; low > begin && at[low - 1]! >= entry; step *= 2) {
      high = low - 1;
      low = Math.max(begin, low - step);
    }
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at[middle]! < entry) low = middle + 1;
    else high = middle;
  }
  return low;
}
