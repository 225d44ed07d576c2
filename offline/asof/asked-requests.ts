/** The requests of a table, prepared once for all the as-of views that are asked at them. */
import type { Session } from '../../engine/engine.ts';
import { identifierList, quoteIdentifier } from '../../engine/sql.ts';
import { createKeysSql } from '../key-numbers.ts';
import { slotsSql } from './newest-rows-sql.ts';
import { RequestSlotsBuilder, type RequestSlots } from '../request-slots.ts';

export interface AskedRequestsInput {
  /** A table of `__row`, `keys` and `__at`. Requests with a null key are left out. */
  readonly requests: string;
  readonly keys: readonly string[];
  /** The temporary table of numbered keys to create. */
  readonly keysTable: string;
}

export class AskedRequests {
  readonly #session: Session;
  readonly #input: AskedRequestsInput;
  #slots: Promise<RequestSlots> | undefined;

  constructor(session: Session, input: AskedRequestsInput) {
    this.#session = session;
    this.#input = input;
  }

  /** Of `keysTable`, which exists once the slots are there. */
  get keys(): readonly string[] {
    return this.#input.keys;
  }

  get keysTable(): string {
    return this.#input.keysTable;
  }

  /** Made at the first call. */
  slots(): Promise<RequestSlots> {
    this.#slots ??= this.#read();
    return this.#slots;
  }

  async #read(): Promise<RequestSlots> {
    const { requests, keys, keysTable } = this.#input;
    const known = keys.map((key) => `${quoteIdentifier(key)} IS NOT NULL`).join(' AND ');
    const select = `SELECT __row, ${identifierList(keys)}, __at FROM ${quoteIdentifier(requests)} WHERE ${known}`;
    await this.#session.run(createKeysSql(keysTable, select, keys));
    const slots = new RequestSlotsBuilder();
    await this.#session.visit(slotsSql(keysTable, select, keys), (batch) => slots.take(batch));
    return slots.finish();
  }

  /** Drops the table. */
  async close(): Promise<void> {
    if (this.#slots === undefined) return;
    this.#slots = undefined;
    await this.#session.run(`DROP TABLE ${quoteIdentifier(this.#input.keysTable)}`);
  }
}
