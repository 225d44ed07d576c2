import { expect, it } from 'vitest';
import type { LedgerKey, OnlinePosition } from '../../../catalog/catalog.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { numeric } from '../../../index.ts';
import { describeFreshness, readFreshness } from '../../../online/freshness.ts';
import { expectOneProblem, manifestOf, viewWith } from '../definitions/project.ts';

const NOW = requireInstant('2024-01-01T12:00:00Z', 'test');

/** The state of a view that was brought online this many microseconds ago, by a materialization and by a stream. */
async function measure(age: bigint | undefined, options: object = { freshness: '5m' }, streamAge?: bigint) {
  const manifest = manifestOf({ view: viewWith({ delay: numeric() }, { online: true, ...options }) });
  const asked: LedgerKey[] = [];
  const position: OnlinePosition | undefined =
    age === undefined ? undefined : { snapshot: 1, to: NOW - age, epoch: 'e', keys: 1 };
  const onlinePosition = async (key: LedgerKey): Promise<OnlinePosition | undefined> => {
    asked.push(key);
    return position;
  };
  const streamedTo = async (): Promise<bigint | undefined> => (streamAge === undefined ? undefined : NOW - streamAge);
  const [view] = await readFreshness({ onlinePosition, streamedTo }, manifest, NOW);
  const { fingerprint } = manifest.views[0]!;
  expect(asked).toEqual([{ project: 'test', view: 'view', fingerprint, store: 'online' }]);
  return view!;
}

it.each<[string, bigint | undefined, string]>([
  ['at once', 0n, 'fresh'],
  ['at its target, to the microsecond', 300_000_000n, 'fresh'],
  ['a microsecond later', 300_000_001n, 'stale'],
  ['before the first materialization', undefined, 'never'],
  ['by a clock that is behind', -5_000_000n, 'fresh'],
])('a view is %s: %s', async (_, age, state) => {
  expect((await measure(age)).state).toBe(state);
});

it.each<[string, bigint, bigint, string, string]>([
  ['by its stream, however long ago it was materialized', 900_000_000n, 300_000_000n, 'fresh', 'stream'],
  ['that stands still', 900_000_000n, 300_000_001n, 'stale', 'stream'],
  ['that has ended, when it is materialized again', 1n, 300_000_001n, 'fresh', 'materialization'],
])('a streamed view is as fresh as it is %s', async (_, age, streamAge, state, by) => {
  expect(await measure(age, { freshness: '5m' }, streamAge)).toMatchObject({ state, by });
});

it('a view without a target has an age and no state', async () => {
  expect(describeFreshness(await measure(90_000_000n, {}))).toEqual({
    ...{ view: 'view', target: null, state: null, ageSeconds: 90, to: '2024-01-01T11:58:30.000000Z' },
    by: 'materialization',
  });
});

it('a view that is not online has none', async () => {
  const manifest = manifestOf({ view: viewWith({ delay: numeric() }) });
  const asked = (): Promise<never> => Promise.reject(new Error('asked'));
  expect(await readFreshness({ onlinePosition: asked, streamedTo: asked }, manifest, NOW)).toEqual([]);
});

it('a target without an online state is refused', () => {
  expectOneProblem(
    viewWith({ delay: numeric() }, { freshness: '5m' }),
    'view view, freshness: the view is not online, so there is nothing to keep fresh; declare online: true',
  );
});
