/** Keys that have no row any more. */
import type { Session } from '../engine/engine.ts';
import { identifierList, quoteIdentifier } from '../engine/sql.ts';
import { keysEqual, relationKeys } from '../offline/event-relation.ts';
import { createKeyEncoder } from './entity-key.ts';
import { readCells } from './row-selection.ts';
import type { SnapshotReader } from './source-snapshot.ts';
import type { StateWriter } from './state-writer.ts';

/** Deletes the keys of table `candidates` that none of `rows` has. */
export async function deleteKeysWithoutRows(
  session: Session,
  { view }: Pick<SnapshotReader, 'view'>,
  candidates: string,
  rows: string,
  writer: StateWriter,
): Promise<void> {
  const keys = relationKeys(view);
  const encoder = createKeyEncoder(view.keys.map(({ type }) => type));
  const known = keys.map((key) => `k.${quoteIdentifier(key)} IS NOT NULL`).join(' AND ');
  const lost = `SELECT ${identifierList(keys, 'k.')} FROM ${quoteIdentifier(candidates)} k
ANTI JOIN (${rows}) e ON ${keysEqual(keys, 'k', 'e')} WHERE ${known}`;
  for await (const batch of session.stream(lost)) {
    for (let row = 0; row < batch.rows; row += 1) {
      await writer.write(encoder.encode(readCells(batch, [0, keys.length], row)), null);
    }
  }
}
