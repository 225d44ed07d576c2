import { expect, test } from 'vitest';
import { conserve } from '../../../ingestion/day-counts.ts';
import { groupInputs } from '../../../ingestion/input-groups.ts';
import { rowJson } from '../../../ingestion/row-json.ts';
import { cutDays } from '../../../ingestion/source-files.ts';
import { Timestamp } from '../../../contracts/timestamp.ts';

const MEGABYTE = 2 ** 20;

test('inputs are batched up to the limits, and a huge one is alone', () => {
  const small = { bytes: 100 * MEGABYTE, rows: 10 };
  expect(groupInputs([])).toEqual([]);
  expect(groupInputs([small, small, small])).toEqual([[0, 1], [2]]);
  expect(groupInputs([small, { bytes: 5_000 * MEGABYTE, rows: 1 }, small])).toEqual([[0], [1], [2]]);
  expect(
    groupInputs([
      { bytes: 1, rows: 900_000 },
      { bytes: 1, rows: 100_000 },
      { bytes: 1, rows: 1 },
    ]),
  ).toEqual([[0, 1], [2]]);
});

test('files are cut between days, and a day is never cut', () => {
  const days = [500_000, 500_000, 1, 2_000_000, 3].map((rows, index) => ({ day: BigInt(index), rows }));
  expect(cutDays(days)).toMatchObject([
    { first: 0n, last: 1n },
    { first: 2n, last: 2n },
    { first: 3n, last: 3n },
    { first: 4n, last: 4n },
  ]);
  expect(cutDays([{ day: null, rows: 5 }])).toEqual([]);
});

test('the rows of a day add up over groups', () => {
  const DAY = 86_400_000_000n;
  const kept = [
    { day: 0n, rows: 2 },
    { day: DAY, rows: 1 },
    { day: 0n, rows: 3 },
  ];
  expect(
    conserve({
      committed: kept,
      quarantined: [
        { day: 0n, rows: 4 },
        { day: null, rows: 1 },
      ],
    }),
  ).toEqual([
    { range: { from: 0n, to: DAY }, rowsIn: 9, committed: 5, quarantined: 4, deduplicated: 0 },
    { range: { from: DAY, to: 2n * DAY }, rowsIn: 1, committed: 1, quarantined: 0, deduplicated: 0 },
    { range: { from: 0n, to: 0n }, rowsIn: 1, committed: 0, quarantined: 1, deduplicated: 0 },
  ]);
});

test('pushed values become JSON without loss', () => {
  const row = {
    i: 9007199254740993n,
    f: Number.NaN,
    t: new Timestamp(1n),
    v: Float32Array.of(0.5),
    l: [1n, null],
    u: undefined,
  };
  expect(rowJson(row)).toBe(
    '{"i":"9007199254740993","f":"NaN","t":"1970-01-01T00:00:00.000001Z","v":[0.5],"l":["1",null]}',
  );
});
