import { expect, it } from 'vitest';
import type { HeldPosition } from '../../../online/held-position.ts';
import { servedBounds } from '../../../online/served-bounds.ts';

const NOON = 1_704_110_400_000_000n;
const position = { snapshot: 3, to: NOON };
const later = { snapshot: 4, to: NOON };
const materialized = { kind: 'snapshot', snapshot: 3, dueTo: '2024-01-01T12:00:00.000000Z' };
const lake = { kind: 'snapshot', snapshot: 5, dueTo: null };
const held = (offset?: bigint, marker = position, isAtRest = true): HeldPosition => ({
  ...{ marker, isAtRest },
  offsets: offset === undefined ? undefined : new Map([[0, offset]]),
});
const offsets = (offset: string) => ({ kind: 'offsets', next: [[0, offset]] });

it.each([
  ['a view that was never materialized', { position: null, before: undefined, after: held() }, null, lake],
  ['what stands still', { position, before: undefined, after: held() }, materialized, materialized],
  ['another materialization', { position, before: undefined, after: held(undefined, later) }, materialized, lake],
  ['one that is at work', { position, before: undefined, after: held(undefined, position, false) }, materialized, lake],
  ['a stream', { position, before: held(6n), after: held(9n) }, offsets('6'), offsets('9')],
  ['a stream that began meanwhile', { position, before: held(), after: held(9n) }, materialized, offsets('9')],
  ['a stream over another one', { position, before: held(6n, later), after: held(9n) }, materialized, offsets('9')],
])('of %s', (_, surroundings, low, high) => {
  expect(servedBounds({ ...surroundings, head: 5 })).toEqual({ low, high, lake });
});
