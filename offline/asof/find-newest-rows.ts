/** Which row answers each request of an as-of view. See ADR 0007. */
import type { Session } from '../../engine/engine.ts';
import { quoteIdentifier } from '../../engine/sql.ts';
import { createKeysSql } from '../key-numbers.ts';
import { NewestRows } from './newest-rows.ts';
import { createNewestSql, entriesSql, slotsSql, type EntriesInput } from './newest-rows-sql.ts';
import { RequestSlotsBuilder } from './request-slots.ts';

export interface NewestRowsInput extends EntriesInput {
  /** A SELECT of `__row`, the keys (never null) and `__at`. It is read twice. */
  readonly requests: string;
  /** The temporary table to create, as `createNewestSql` says. */
  readonly table: string;
}

/**
 * A row enters at `event + delay`, as known at the greater of that and `created`. The answer at q is the greatest row that has
 * entered by q. It has the greatest event of them, so if it is too old, every other one is older still: ttl is a test on the
 * answer alone.
 */
export async function findNewestRows(session: Session, input: NewestRowsInput): Promise<void> {
  const { requests, keys, hasCreated, table } = input;
  const keysTable = `${table}_keys`;
  await session.run(createKeysSql(keysTable, requests, keys));
  const slots = new RequestSlotsBuilder();
  await session.visit(slotsSql(keysTable, requests, keys), (batch) => slots.take(batch));
  const newest = new NewestRows(slots.finish(), hasCreated);
  await session.visit(entriesSql(keysTable, input), (batch) => newest.take(batch));
  await session.run(createNewestSql(table, hasCreated));
  await session.append(table, newest.finish());
  await session.run(`DROP TABLE ${quoteIdentifier(keysTable)}`);
}
