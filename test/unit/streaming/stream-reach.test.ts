import { expect, it } from 'vitest';
import type { LedgerKey } from '../../../catalog/catalog.ts';
import { openStreamReach, type StreamReach } from '../../../streaming/stream-reach.ts';

const KEY: LedgerKey = { project: 'p', view: 'v', fingerprint: 'f', store: 'online' };
const SECOND = 1_000_000n;

/** What the catalog was told, in order; it fails while `isAway` says so. */
function recording(isAway: () => boolean = () => false) {
  const told: (readonly (readonly [number, bigint])[])[] = [];
  const reach = openStreamReach(
    {
      async setStreamedTo(key, partitions) {
        expect(key).toEqual(KEY);
        if (isAway()) throw new Error('the catalog is away');
        told.push([...partitions]);
      },
    },
    KEY,
  );
  return { told, reach };
}

/** One partition that is at `position` of `end`. */
async function tell(reach: StreamReach, asked: bigint, position: bigint, end: bigint): Promise<void> {
  reach.tell(asked, [{ partition: 0, end }], new Map([[0, position]]));
  await reach.close();
}

it('a partition at its end is whole up to the fetch, with messages and without', async () => {
  const { reach, told } = recording();
  reach.applied({ partition: 0, newestEvent: 5n });
  await tell(reach, 10n * SECOND, 7n, 7n);
  await tell(reach, 20n * SECOND, 7n, 7n);
  expect(told).toEqual([[[0, 10n * SECOND]], [[0, 20n * SECOND]]]);
});

it('one that lags is as far as its newest event, and never goes back', async () => {
  const { reach, told } = recording();
  await tell(reach, 10n * SECOND, 0n, 7n);
  expect(told).toEqual([]);
  reach.applied({ partition: 0, newestEvent: 9n * SECOND });
  reach.applied({ partition: 0, newestEvent: 3n * SECOND });
  reach.applied({ partition: 0, newestEvent: null });
  await tell(reach, 10n * SECOND, 3n, 7n);
  await tell(reach, 20n * SECOND, 7n, 7n);
  await tell(reach, 30n * SECOND, 7n, 9n);
  expect(told.flat()).toEqual([9n, 20n, 20n].map((seconds) => [0, seconds * SECOND]));
});

it('an event of the future makes nothing newer than the clock', async () => {
  const { reach, told } = recording();
  reach.applied({ partition: 0, newestEvent: 99n * SECOND });
  await tell(reach, 10n * SECOND, 3n, 7n);
  expect(told.flat()).toEqual([[0, 10n * SECOND]]);
});

it('a partition that another consumer has now is told by that one', async () => {
  const { reach, told } = recording();
  const chunks = [0, 1].map((partition) => ({ partition, end: 0n }));
  reach.tell(10n * SECOND, chunks, new Map(chunks.map(({ partition }) => [partition, 0n])));
  await reach.close();
  await tell(reach, 20n * SECOND, 0n, 0n);
  expect(told).toEqual([[0, 1].map((partition) => [partition, 10n * SECOND]), [[0, 20n * SECOND]]]);
});

it('the catalog is told once a second, and one that is away holds nothing up', async () => {
  let isAway = true;
  const { reach, told } = recording(() => isAway);
  await tell(reach, 10n * SECOND, 0n, 0n);
  isAway = false;
  await tell(reach, 11n * SECOND - 1n, 0n, 0n);
  expect(told).toEqual([]);
  await tell(reach, 11n * SECOND, 0n, 0n);
  expect(told.flat()).toEqual([[0, 11n * SECOND]]);
});
