/** How far the partitions of a topic are in the online values of a view. */

/** Partition to the offset of the first message that is not in the values. A partition that is not named begins at 0. */
export type StreamOffsets = ReadonlyMap<number, bigint>;

/** Among the offsets of a stream inside Redis: the position that they belong to. */
const POSITION_FIELD = 'position';

/** Partition and offset in turn, as scripts take them. */
export function encodeOffsets(offsets: StreamOffsets): readonly string[] {
  return [...offsets].flatMap(([partition, offset]) => [String(partition), String(offset)]);
}

/** From the fields and values of a stream inside Redis, in turn. */
export function decodeOffsets(fields: readonly Buffer[]): StreamOffsets {
  const texts = fields.map(String);
  const pairs = texts.flatMap((field, place) => (place % 2 === 0 ? [[field, texts[place + 1]!] as const] : []));
  return new Map(
    pairs.filter(([field]) => field !== POSITION_FIELD).map(([field, offset]) => [Number(field), BigInt(offset)]),
  );
}
