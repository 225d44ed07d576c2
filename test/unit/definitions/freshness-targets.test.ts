import { expect, it } from 'vitest';
import type { Manifest } from '../../../contracts/manifest.ts';
import { watchEvery } from '../../../definitions/freshness-targets.ts';

const views = (...targets: readonly (number | null)[]): Pick<Manifest, 'views'> =>
  ({
    views: targets.map((freshnessMicros) => ({ kind: 'feature', online: true, options: { freshnessMicros } })),
  }) as unknown as Pick<Manifest, 'views'>;

const MINUTE = 60_000_000;

it.each([
  ['no target', [null], null],
  ['five minutes', [5 * MINUTE], 75],
  ['a minute and an hour', [60 * MINUTE, MINUTE, null], 15],
  ['a millisecond', [1000], 10],
  ['a week', [7 * 1440 * MINUTE], 300],
])('with %s it is looked at every so many seconds: %j, %s', (_, targets, seconds) => {
  expect(watchEvery(views(...targets))).toBe(seconds === null ? null : seconds * 1_000_000);
});
