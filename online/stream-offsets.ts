/** How far the partitions of a topic are in the online values of a view. */

/** Partition to the offset of the first message that is not in the values. A partition that is not named begins at 0. */
export type StreamOffsets = ReadonlyMap<number, bigint>;

/** Other fields of a stream inside Redis have names: the position that the offsets belong to, and until when it is held. */
const PARTITION = /^\d+$/;

/** Partition and offset in turn, as scripts take them. */
export function encodeOffsets(offsets: StreamOffsets): readonly string[] {
  return [...offsets].flatMap(([partition, offset]) => [String(partition), String(offset)]);
}

/** From the fields and values of a stream inside Redis, in turn. */
export function decodeOffsets(fields: readonly Buffer[]): StreamOffsets {
  const texts = fields.map(String);
  const pairs = texts.flatMap((field, place) => (place % 2 === 0 ? [[field, texts[place + 1]!] as const] : []));
  return new Map(
    pairs.filter(([field]) => PARTITION.test(field)).map(([field, offset]) => [Number(field), BigInt(offset)]),
  );
}
