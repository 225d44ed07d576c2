/**
 * What the operation column of a source may say: the words and letters that change data capture writes, in any case. Null
 * is a change like an insert. Whatever is not listed, such as a truncation, is refused as it is read: taken for a change it
 * would make a wrong value.
 */
import { literalText } from '../engine/sql.ts';

/** Debezium's letters, other tools' letters, and the words. */
const DELETES = ['d', 'delete'];
const CHANGES = ['c', 'create', 'i', 'insert', 'r', 'read', 'u', 'update', 'upsert'];

/** How an error calls what an operation may be. */
export const OPERATION_WORDS = 'operation: insert, update or delete, or c, r, u, i, d';

/** Over an expression of text: whether it says that the row deletes. Never null. */
export function isDeleteSql(operation: string): string {
  return `coalesce(lower(trim(${operation})) IN (${DELETES.map(literalText).join(', ')}), false)`;
}

/** Over an expression of text: whether it is neither null nor a known operation. Never null. */
export function isUnknownOperationSql(operation: string): string {
  return `coalesce(lower(trim(${operation})) NOT IN (${[...CHANGES, ...DELETES].map(literalText).join(', ')}), false)`;
}
