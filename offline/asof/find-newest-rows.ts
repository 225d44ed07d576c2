/** Which row answers each request of an as-of view. See ADR 0007. */
import type { Session } from '../../engine/engine.ts';
import { RangeBatches, type RangeLimits } from '../range-batches.ts';
import type { AskedRequests } from './asked-requests.ts';
import { NewestRows } from './newest-rows.ts';
import { createNewestSql, entriesSql, type EntriesInput } from './newest-rows-sql.ts';

export interface NewestRowsInput extends Omit<EntriesInput, 'askedTable' | 'askedKeys'> {
  readonly asked: AskedRequests;
  /** How rows are gathered before they are placed. Default: by the number of requests. */
  readonly ranges?: RangeLimits | undefined;
  /** The temporary table to create, as `createNewestSql` says. */
  readonly table: string;
}

/**
 * A row enters at `event + delay`, as known at the greater of that and `created`. The answer at q is the greatest row that has
 * entered by q. It has the greatest event of them, so if it is too old, every other one is older still: ttl is a test on the
 * answer alone.
 */
export async function findNewestRows(session: Session, input: NewestRowsInput): Promise<void> {
  const { asked, hasCreated, table } = input;
  const slots = await asked.slots();
  const newest = new NewestRows(slots, hasCreated);
  const batches = new RangeBatches(slots.begins, (batch) => newest.take(batch), input.ranges);
  const entries = entriesSql({ ...input, askedTable: asked.keysTable, askedKeys: asked.keys });
  await session.visit(entries, (batch) => batches.take(batch));
  batches.finish();
  await session.run(createNewestSql(table, hasCreated));
  await session.append(table, newest.finish());
}
