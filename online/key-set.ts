/**
 * Many keys, compared without holding them: each by 53 bits of a seeded hash, 8 bytes a key. The keys of the least hashes are a
 * random sample of them, and the same one for whoever has the same keys and seed.
 */
import { createHash } from 'node:crypto';

export interface KeySet {
  add(key: Uint8Array): void;
  /** Sorted, without repeats. */
  hashes(): Float64Array;
}

const FIRST_SIZE = 1024;

export type KeyHash = (key: Uint8Array) => number;

export function createKeyHash(seed: number): KeyHash {
  const prefix = `${seed} `;
  return (key) => {
    const digest = createHash('sha1').update(prefix).update(key).digest();
    return digest.readUIntBE(0, 6) * 32 + (digest[6]! >> 3);
  };
}

export function createKeySet(hash: KeyHash): KeySet {
  let hashes = new Float64Array(FIRST_SIZE);
  let length = 0;
  return {
    add(key) {
      if (length === hashes.length) {
        const grown = new Float64Array(2 * length);
        grown.set(hashes);
        hashes = grown;
      }
      hashes[length++] = hash(key);
    },
    hashes() {
      const sorted = hashes.subarray(0, length).sort();
      length = 0;
      for (const value of sorted) {
        if (length === 0 || sorted[length - 1] !== value) sorted[length++] = value;
      }
      return sorted.subarray(0, length);
    },
  };
}

/** The members of `left` that are not among `right`; both sorted, without repeats. */
export function hashesWithout(left: Float64Array, right: Float64Array): ReadonlySet<number> {
  const missing = new Set<number>();
  let place = 0;
  for (const value of left) {
    while (place < right.length && right[place]! < value) place += 1;
    if (right[place] !== value) missing.add(value);
  }
  return missing;
}

/** Keeps what has the least hashes, without repeats. */
export function createLeastSample<T>(size: number): {
  add(hash: number, item: () => T): void;
  /** By hash. */
  items(): readonly T[];
} {
  let kept: { readonly hash: number; readonly item: T }[] = [];
  let bound = Infinity;
  const cut = (): void => {
    kept.sort((a, b) => a.hash - b.hash);
    kept = kept.filter(({ hash }, index) => kept[index - 1]?.hash !== hash).slice(0, size);
    if (kept.length === size) bound = kept.at(-1)?.hash ?? -Infinity;
  };
  return {
    add(hash, item) {
      if (hash >= bound) return;
      kept.push({ hash, item: item() });
      if (kept.length >= 2 * size + FIRST_SIZE) cut();
    },
    items() {
      cut();
      return kept.map(({ item }) => item);
    },
  };
}
