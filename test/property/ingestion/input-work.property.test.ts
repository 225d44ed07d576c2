import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { IngestedInput, TimeRange } from '../../../contracts/lake.ts';
import { findInputWork } from '../../../ingestion/input-work.ts';

/** Instants 0 to 9, and one that belongs to no range: a row without an event time. */
const INSTANTS = Array.from({ length: 10 }, (_, index) => BigInt(index));

const range = fc
  .tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 10 }))
  .map(([a, b]): TimeRange => ({ from: BigInt(Math.min(a, b)), to: BigInt(Math.max(a, b)) }))
  .filter(({ from, to }) => from < to);

const step = fc.record({
  range: fc.option(range, { nil: null }),
  /** The content of each file at this step; undefined when it is not there. */
  contents: fc.tuple(fc.constantFrom('x', 'y', undefined), fc.constantFrom('x', 'y')),
});

const within = (ranges: readonly TimeRange[], instant: bigint): boolean =>
  ranges.some(({ from, to }) => instant >= from && instant < to);

test('whatever is ingested in whatever ranges, every row that was asked for is there once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      let held: readonly IngestedInput[] = [];
      /** Path to the content that its rows have, and how often each instant is in the table. */
      const table = new Map<
        string,
        { content: string; counts: Map<bigint | null, number>; asked: Set<bigint | null> }
      >();
      for (const { range: asked, contents } of steps) {
        const listed = contents.flatMap((content, index) =>
          content === undefined ? [] : [{ path: `/${index}`, checksum: content, bytes: 1, modifiedNanos: '0' }],
        );
        const { work, unchanged } = findInputWork(listed, held, asked);
        expect(work.length + unchanged).toBe(listed.length);
        for (const { input, take, skip, replaces } of work) {
          held = held.filter((entry) => !replaces.includes(entry));
          const entry = { path: input.path, checksum: input.checksum, bytes: 1, rows: 11, sequenceStart: 1n };
          held = [...held, ...(take ?? [null]).map((part) => ({ ...entry, range: part }))];
          const before = table.get(input.path);
          const kept = before?.content === input.checksum ? before : undefined;
          const counts = new Map(kept?.counts);
          for (const instant of INSTANTS) {
            const taken = take === null ? !within(skip, instant) : within(take, instant);
            if (taken) counts.set(instant, (counts.get(instant) ?? 0) + 1);
          }
          if (take === null) counts.set(null, (counts.get(null) ?? 0) + 1);
          table.set(input.path, { content: input.checksum, counts, asked: new Set(before?.asked) });
        }
        for (const { path } of listed) {
          const rows = table.get(path);
          for (const instant of INSTANTS) if (asked === null || within([asked], instant)) rows?.asked.add(instant);
          if (asked === null) rows?.asked.add(null);
        }
        for (const { path, checksum } of listed) {
          const rows = table.get(path);
          expect(rows?.content).toBe(checksum);
          expect([...(rows?.counts.keys() ?? [])].sort()).toEqual([...(rows?.asked ?? [])].sort());
          expect([...(rows?.counts.values() ?? [])].every((count) => count === 1)).toBe(true);
        }
      }
    }),
    { numRuns: 300 },
  );
});
