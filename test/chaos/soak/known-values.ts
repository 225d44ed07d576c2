/**
 * What reads may answer: an oracle for values that change while they are read. Each key has versions 0, 1, 2, …, and every column of a
 * row is made of its key and version. A read may give any version from the greatest that was acknowledged, or that a finished
 * read has given, before it began, to the greatest that was sent before it ended: anything else is wrong.
 */

export interface KnownValues {
  readonly keys: number;
  /** The row of the key's next version; at most one is on its way for each key. */
  next(key: number): KnownRow;
  /** The version on its way was acknowledged. */
  acknowledge(key: number): void;
  /** The least version that a read of the key, which begins now, may give. */
  least(key: number): number;
  /** Says what is wrong with what a read gave; undefined when nothing is. */
  check(key: number, least: number, row: Pick<KnownRow, 'items' | 'amount'>): string | undefined;
  /** The only version that a read may give when none is on its way. */
  newest(key: number): number;
}

export interface KnownRow {
  readonly user_id: number;
  /** The version. */
  readonly items: number;
  /** Of the key and the version: a row of another key, or of parts of two rows, does not fit. */
  readonly amount: number;
}

export function openKnownValues(keys: number): KnownValues {
  const sent = new Int32Array(keys).fill(-1);
  const acknowledged = new Int32Array(keys).fill(-1);
  const seen = new Int32Array(keys).fill(-1);
  const amountOf = (key: number, version: number): number => key + version * keys;
  return {
    keys,
    next(key) {
      sent[key]! += 1;
      return { user_id: key, items: sent[key]!, amount: amountOf(key, sent[key]!) };
    },
    acknowledge(key) {
      acknowledged[key] = sent[key]!;
    },
    least: (key) => Math.max(acknowledged[key]!, seen[key]!),
    check(key, least, { items, amount }) {
      const where = `key ${key}, version ${items}`;
      if (amount !== amountOf(key, items)) return `${where}: amount ${amount} is not of that row`;
      if (items < least) return `${where}: version ${least} was there before`;
      if (items > sent[key]!) return `${where}: nobody has written that`;
      seen[key] = Math.max(seen[key]!, items);
      return undefined;
    },
    newest: (key) => acknowledged[key]!,
  };
}
