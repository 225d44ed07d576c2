import { describe, expect, it } from 'vitest';
import { formatRemaining } from '../../../contracts/remaining-time.ts';
import { openPace } from '../../../workflows/run-pace.ts';

describe('the pace of a run', () => {
  it('is unknown until something has ended, and then what is left at the rate up to now', () => {
    let clock = 1000;
    const pace = openPace(undefined, () => clock);
    pace.setWorking(true);
    expect(pace.remainingSeconds(10)).toBeNull();
    clock += 4000;
    pace.count(2);
    expect(pace.remainingSeconds(10)).toBe(20);
    expect(pace.remainingSeconds(0)).toBe(0);
  });

  it('does not count the time in which the run was held', () => {
    let clock = 0;
    const pace = openPace(undefined, () => clock);
    pace.setWorking(true);
    clock = 3000;
    pace.count(3);
    pace.setWorking(false);
    clock = 900_000;
    pace.setWorking(true);
    clock += 1000;
    pace.count(1);
    expect(pace.remainingSeconds(5)).toBe(5);
  });

  it('goes on where the execution before stood', () => {
    let clock = 0;
    const first = openPace(undefined, () => clock);
    first.setWorking(true);
    clock = 6000;
    first.count(3);
    const second = openPace(first.state(), () => clock);
    expect(second.remainingSeconds(4)).toBe(8);
  });
});

it.each([
  [1, '1 s'],
  [89, '89 s'],
  [91, '2 min'],
  [5399, '90 min'],
  [7200, '2 h'],
  [200_000, '3 d'],
])('%i seconds are told as %s', (seconds, text) => {
  expect(formatRemaining(seconds)).toBe(text);
});
