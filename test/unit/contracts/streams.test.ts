import { expect, it } from 'vitest';
import { addReports, NOTHING_STREAMED, type StreamReport } from '../../../contracts/streams.ts';

const report = (change: Partial<StreamReport>): StreamReport => ({ ...NOTHING_STREAMED, ...change });
const at = (partition: number, next: string) => ({ partition, next, lag: '1' });

it('counts add up, and of two that tell of one partition the further one counts', () => {
  const all = addReports([
    report({ partitions: [at(2, '9'), at(0, '5')], applied: 3, late: 1, lost: '9007199254740993' }),
    report({
      partitions: [at(2, '10')],
      applied: 4,
      rejected: 2,
      lost: '1',
      newestEvent: '2024-01-01T00:00:00.000000Z',
    }),
    report({ newestEvent: '2023-12-31T00:00:00.000000Z', problem: 'Redis is away' }),
  ]);
  expect(all).toEqual({
    partitions: [at(0, '5'), at(2, '10')],
    ...{ applied: 7, late: 1, rejected: 2, lost: '9007199254740994' },
    newestEvent: '2024-01-01T00:00:00.000000Z',
    problem: 'Redis is away',
  });
});

it('nothing told is nothing done', () => {
  expect(addReports([])).toEqual(NOTHING_STREAMED);
});
