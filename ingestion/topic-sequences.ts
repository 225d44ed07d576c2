/**
 * Sequences of messages: a function of (partition, offset) alone, so that whoever reads a message, in whatever order, gives it the
 * same one.
 */
import type { TableCatalog } from '../catalog/catalog.ts';
import type { TableKey } from '../contracts/lake.ts';
import type { OffsetRange } from '../sources/topic-reader.ts';

/** Offsets of a partition that share one block of sequences. Part of what is stored: never to be changed. */
const BLOCK_OFFSETS = 2n ** 20n;

/** The parts of a range that each lie in one block, and hold at most `most` offsets. */
export function cutRange(range: OffsetRange, most: bigint): readonly OffsetRange[] {
  const parts: OffsetRange[] = [];
  for (let from = range.from; from < range.to;) {
    const ends = [range.to, from + most, (from / BLOCK_OFFSETS + 1n) * BLOCK_OFFSETS];
    const to = ends.reduce((least, end) => (end < least ? end : least));
    parts.push({ ...range, from, to });
    from = to;
  }
  return parts;
}

/** The sequence of the message at `offset`, reserving its block at the first call. */
export async function sequenceOf(
  tables: Pick<TableCatalog, 'reserveSequences'>,
  table: TableKey,
  { topic, partition, offset }: { readonly topic: string; readonly partition: number; readonly offset: bigint },
): Promise<bigint> {
  const key = `topic ${topic} partition ${partition} block ${offset / BLOCK_OFFSETS}`;
  const base = await tables.reserveSequences({ table, key, count: BLOCK_OFFSETS });
  return base + (offset % BLOCK_OFFSETS);
}

/** `sequenceOf` for one reader of a topic, which asks for each block once. */
export function createSequencer(
  tables: Pick<TableCatalog, 'reserveSequences'>,
  table: TableKey,
  topic: string,
): (partition: number, offset: bigint) => Promise<bigint> {
  const starts = new Map<string, bigint>();
  return async (partition, offset) => {
    const block = offset / BLOCK_OFFSETS;
    const name = `${partition} ${block}`;
    const start =
      starts.get(name) ?? (await sequenceOf(tables, table, { topic, partition, offset: block * BLOCK_OFFSETS }));
    starts.set(name, start);
    return start + (offset % BLOCK_OFFSETS);
  };
}
