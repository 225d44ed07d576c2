/** A place in the list of runs, as opaque text. */
import type { RunRecord } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';

export type RunPlace = Pick<RunRecord, 'startedAt' | 'id'>;

const CURSOR = /^(-?\d{1,18}) (.{1,200})$/s;

export function writeRunCursor({ startedAt, id }: RunPlace): string {
  return Buffer.from(`${startedAt} ${id}`).toString('base64url');
}

/** Throws `INVALID_VALUE` for a text that `writeRunCursor` did not make. */
export function readRunCursor(cursor: string): RunPlace {
  const [, startedAt, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const place = startedAt === undefined || id === undefined ? undefined : { startedAt: BigInt(startedAt), id };
  if (place !== undefined && writeRunCursor(place) === cursor) return place;
  throw new AsofError('INVALID_VALUE', {
    where: 'query, field "cursor"',
    problem: 'must be "next" of an earlier page',
  });
}
