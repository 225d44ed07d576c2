/** Between which rows a served value was made: its position, narrowed by what Redis held right before and right after the read. */
import type { ServedBounds, ServedRows } from '../contracts/consistency.ts';
import { formatInstant } from '../contracts/time.ts';
import { comparePositions, type Position } from './position.ts';
import { isOf, type HeldPosition } from './held-position.ts';
import type { StreamOffsets } from './stream-offsets.ts';

export interface ReadSurroundings {
  /** Read together with the values; null when there was none. */
  readonly position: Position | null;
  /** Of a view of a topic alone. */
  readonly before: HeldPosition | undefined;
  readonly after: HeldPosition;
  /** The newest snapshot of the source, afterwards. */
  readonly head: number;
}

export function servedBounds({ position, before, after, head }: ReadSurroundings): ServedBounds {
  const lake: ServedRows = { kind: 'snapshot', snapshot: head, dueTo: null };
  if (position === null) return { low: null, high: lake, lake };
  const materialized: ServedRows = {
    kind: 'snapshot',
    snapshot: position.snapshot,
    dueTo: formatInstant(position.to),
  };
  if (!isOf(after, position)) return { low: materialized, high: lake, lake };
  if (after.offsets === undefined) return { low: materialized, high: materialized, lake };
  const isFollowed = before?.marker !== undefined && comparePositions(before.marker, position) === 0;
  const low = isFollowed && before.offsets !== undefined ? offsetRows(before.offsets) : materialized;
  return { low, high: offsetRows(after.offsets), lake };
}

function offsetRows(offsets: StreamOffsets): ServedRows {
  const next = [...offsets].sort(([a], [b]) => a - b);
  return { kind: 'offsets', next: next.map(([partition, offset]) => [partition, offset.toString()] as const) };
}
