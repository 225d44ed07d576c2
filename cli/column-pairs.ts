/** `column=value` options, as the columns of a request. */
import { AsofError } from '../contracts/errors.ts';
import type { StoredType } from '../contracts/values.ts';
import type { RequestColumns } from '../online/read-request.ts';
import { parseText } from './text-values.ts';

export type ColumnTypes = ReadonlyMap<string, StoredType>;

/** Pairs to columns; the text after the first `=` is the value, whatever it holds. Throws `UNKNOWN_NAME`, `INVALID_VALUE`. */
export function parsePairs(pairs: readonly string[], option: string, types: ColumnTypes): RequestColumns {
  const columns: Record<string, unknown[]> = {};
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    if (cut <= 0) throw new AsofError('USAGE', { problem: `${option} takes column=value, not "${pair}"` });
    const column = pair.slice(0, cut);
    const type = types.get(column);
    if (type === undefined) {
      const known = [...types.keys()];
      throw new AsofError('UNKNOWN_NAME', { where: option, kind: 'column', name: column, known });
    }
    (columns[column] ??= []).push(parseText(pair.slice(cut + 1), type, `${option} ${column}`));
  }
  return columns;
}

/** A request value that is given once stands for every entity. */
export function spreadOverEntities(request: RequestColumns, entities: RequestColumns): RequestColumns {
  const count = Math.max(0, ...Object.values(entities).map((values) => values.length));
  return Object.fromEntries(
    Object.entries(request).map(([column, values]) => [
      column,
      values.length === 1 ? Array.from({ length: count }, () => values[0]) : values,
    ]),
  );
}
