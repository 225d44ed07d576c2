/** What a push over HTTP may be: how many rows, and how long it waits for its turn. */
import { AsofError } from '../contracts/errors.ts';
import type { Push } from '../library/pushes.ts';
import type { PutRequest } from '../library/puts.ts';
import type { PutResult } from '../library/store.ts';
import type { Manifest } from '../contracts/manifest.ts';
import { DEADLINE_HEADERS, readInTurn, type ServingWork } from './serving-limits.ts';

export const MOST_PUSHED_ROWS = 10_000;

export const PUSH_HEADERS = {
  type: 'object',
  properties: {
    'asof-deadline': {
      ...DEADLINE_HEADERS.properties['asof-deadline'],
      description: 'such as 2s: a push whose turn has not come by then is refused with 503; default: 10s, at most 60s',
    },
  },
} as const;

/** Pushes in turn. What has begun goes on to its end: rows that are committed stay. Throws `OVERLOADED` and `LIMIT_EXCEEDED`. */
export function pushInTurn(
  { pushes }: Pick<ServingWork, 'pushes'>,
  push: Push,
  headers: Readonly<Record<string, unknown>>,
  ask: (manifest: Manifest) => PutRequest,
): Promise<PutResult> {
  return readInTurn(pushes, headers, () =>
    push((manifest) => {
      const asked = ask(manifest);
      if (asked.rows.length <= MOST_PUSHED_ROWS) return asked;
      const problem = `${asked.rows.length} rows are more than ${MOST_PUSHED_ROWS}; send them in several pushes`;
      throw new AsofError('LIMIT_EXCEEDED', { where: `push to ${asked.target}`, problem });
    }),
  );
}
