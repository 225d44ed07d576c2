import { describe, expect, it } from 'vitest';
import { cutRange, sequenceOf } from '../../../ingestion/topic-sequences.ts';

const BLOCK = 2n ** 20n;
const range = (from: bigint, to: bigint) => ({ topic: 't', partition: 3, from, to });

describe('cutRange', () => {
  it('cuts at blocks and at the most that is asked for, and loses nothing', () => {
    expect(cutRange(range(5n, 5n), 10n)).toEqual([]);
    expect(cutRange(range(5n, 20n), 10n)).toEqual([range(5n, 15n), range(15n, 20n)]);
    expect(cutRange(range(BLOCK - 2n, BLOCK + 3n), 10n)).toEqual([range(BLOCK - 2n, BLOCK), range(BLOCK, BLOCK + 3n)]);
  });
});

describe('sequenceOf', () => {
  const table = { project: 'p', kind: 'source', name: 's', version: '' } as const;

  it('asks for one block of each 2^20 offsets of a partition, by a key of its own', async () => {
    const asked = new Map<string, bigint>();
    const tables = {
      reserveSequences: async ({ key, count }: { readonly key: string; readonly count: bigint }) => {
        expect(count).toBe(BLOCK);
        const start = asked.get(key) ?? BigInt(asked.size) * BLOCK + 1n;
        asked.set(key, start);
        return start;
      },
    };
    const sequence = (partition: number, offset: bigint) =>
      sequenceOf(tables, table, { topic: 't', partition, offset });
    expect(await sequence(3, 7n)).toBe(8n);
    expect(await sequence(4, 7n)).toBe(BLOCK + 8n);
    expect(await sequence(3, BLOCK - 1n)).toBe(BLOCK);
    expect(await sequence(3, 3n * BLOCK + 2n)).toBe(2n * BLOCK + 3n);
    expect(await sequence(3, 7n)).toBe(8n);
    expect([...asked.keys()]).toEqual([
      'topic t partition 3 block 0',
      'topic t partition 4 block 0',
      'topic t partition 3 block 3',
    ]);
  });
});
