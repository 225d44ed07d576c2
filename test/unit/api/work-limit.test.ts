import { expect, it } from 'vitest';
import { WorkLimit } from '../../../api/work-limit.ts';
import { startDeadline } from '../../../online/read-deadline.ts';

/** Work that ends when it is told to. */
function openWork() {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  return {
    begun,
    begin: (number: number) => async (): Promise<number> => {
      begun.push(number);
      await new Promise<void>((resolve) => (ends[number] = resolve));
      return number;
    },
    end: (number: number): void => ends[number]!(),
  };
}

const OVERLOADED = { code: 'OVERLOADED', retryable: true, httpStatus: 503 };

it('does so much at once, lets so much wait in order, and refuses the rest', async () => {
  const limit = new WorkLimit('reads', { most: 2, mostQueued: 2 });
  const { begun, begin, end } = openWork();
  const running = [0, 1, 2, 3].map((number) => limit.run(begin(number)));
  expect([begun, limit.underWay, limit.queued]).toEqual([[0, 1], 2, 2]);
  await expect(limit.run(begin(4))).rejects.toMatchObject(OVERLOADED);
  expect(() => limit.requireRoom()).toThrow(/^2 reads are under way and 2 more may wait/);
  expect(limit.refused).toBe(2);
  end(1);
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  expect([await running[1], limit.underWay, limit.queued]).toEqual([1, 2, 1]);
  limit.requireRoom();
  end(0);
  await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
  end(2);
  end(3);
  expect(await Promise.all(running)).toEqual([0, 1, 2, 3]);
  expect([limit.underWay, limit.queued]).toEqual([0, 0]);
});

it('gives the place of work that fails to the next', async () => {
  const limit = new WorkLimit('reads', { most: 1, mostQueued: 1 });
  const failing = limit.run(async () => {
    throw new Error('no');
  });
  const next = limit.run(async () => 'done');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('done');
  expect([limit.underWay, limit.queued]).toEqual([0, 0]);
});

it('refuses what has waited until its deadline, and does not begin it later', async () => {
  const limit = new WorkLimit('reads', { most: 1, mostQueued: 5 });
  const { begun, begin, end } = openWork();
  const first = limit.run(begin(0));
  await expect(limit.run(begin(1), startDeadline(5))).rejects.toMatchObject(OVERLOADED);
  await expect(limit.run(begin(2), startDeadline(0))).rejects.toMatchObject(OVERLOADED);
  expect(limit.queued).toBe(0);
  end(0);
  await first;
  expect([begun, limit.underWay]).toEqual([[0], 0]);
});
