/**
 * Random worlds. Times come from a few microseconds around a base, so that rows meet every boundary (q, q - ttl, q - W, the
 * grid, q - delay, created) all the time. One world packs many keys: each has rows and requests of its own.
 */
import fc from 'fast-check';
import type { Micros } from '../../contracts/time.ts';
import type { EngineValue } from '../../engine/engine.ts';
import { AMOUNT_EDGES, arbitraryTime, arbitraryValues, orNull } from './arbitrary-values.ts';
import { aggregateFeatures, COLUMN_FEATURES } from './features.ts';
import { planView, type ViewOptions, type World, type WorldRequest, type WorldRow } from './world.ts';

const YEAR_1: Micros = -62_135_596_800_000_000n;
const YEAR_9999: Micros = 253_370_764_800_000_000n;
const YEAR_2024: Micros = 1_704_067_200_000_000n;
/** Separators, quotes and texts that look alike when joined. */
const KEY_TEXTS = ['', 'a', 'a,b', "a'b", 'a"b', 'a\\b', 'a\tb', 'a|b', '1', '12', 'é', '\u{1F6E9}', '\uFF5E', 'null'];
const KEY_CODES = [0n, 1n, 2n, 3n, 12n, 23n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];

interface KeyedSettings {
  readonly base: Micros;
  readonly edges: readonly bigint[];
  readonly hasCreated: boolean;
}

const rowOf = ({ base, edges, hasCreated }: KeyedSettings): fc.Arbitrary<Omit<WorldRow, 'keys' | 'sequence'>> =>
  fc.record({
    event: arbitraryTime(base),
    created: hasCreated ? orNull(arbitraryTime(base)) : fc.constant(null),
    values: fc.record(arbitraryValues(base, edges)),
  });

/** The rows and requests of one key. Doubled rows are duplicates in all but their sequence. */
const keyedWorld = (settings: KeyedSettings) =>
  fc.record({
    rows: fc
      .array(fc.tuple(rowOf(settings), fc.boolean()), { maxLength: 10 })
      .map((rows) => rows.flatMap(([row, doubled]) => (doubled && row.event % 3n === 0n ? [row, row] : [row]))),
    requests: fc.array(arbitraryTime(settings.base), { maxLength: 5 }),
  });

const worldSettings = (mode: ViewOptions['mode']) =>
  fc.record({
    edges: fc.constantFrom(...AMOUNT_EDGES),
    base: fc.constantFrom(-10n, YEAR_2024, YEAR_1, YEAR_9999),
    asKnown: fc.boolean(),
    hasCreated: fc.boolean(),
    delayMicros: fc.constantFrom(0, 0, 1, 5, 40),
    ttlMicros: fc.constantFrom(null, 1, 6, 12),
    features: mode === 'asof' ? fc.constant(COLUMN_FEATURES) : aggregateFeatures,
  });

/**
 * Worlds of up to `keys` keys, and at least half as many. With an event id, events have rows under several keys, and under
 * none.
 */
export function arbitraryWorld(
  mode: ViewOptions['mode'],
  keys: number,
  { eventId = null, operation = null }: Pick<ViewOptions, 'eventId' | 'operation'> = {},
): fc.Arbitrary<World> {
  return worldSettings(mode).chain(({ base, edges, asKnown, ...options }) =>
    fc
      .record({
        keyed: fc.array(keyedWorld({ base, edges, hasCreated: options.hasCreated }), {
          minLength: keys / 2,
          maxLength: keys,
          size: 'max',
        }),
        offset: fc.nat(KEY_TEXTS.length * KEY_CODES.length - 1),
        order: fc.integer({ min: 0, max: 1000 }),
        strangers: fc.array(arbitraryTime(base), { maxLength: 3 }),
      })
      .map(({ keyed, offset, order, strangers }): World => {
        const rows = keyed.flatMap((one, index) => one.rows.map((row) => ({ ...row, keys: keyAt(index + offset) })));
        const requests = keyed.flatMap((one, index) => one.requests.map((at) => ({ at, keys: keyAt(index + offset) })));
        const unanswered = strangers.flatMap((at): WorldRequest[] => [
          { at, keys: ['nobody', 7n] },
          { at, keys: ['a', null] },
          { at, keys: [null, 1n] },
        ]);
        return {
          planned: planView({ mode, eventId, operation, ...options }),
          asKnown,
          rows: shuffle([...rows, ...(eventId === null ? [] : rows.slice(0, 3).map(withoutKey))], order).map(
            (row, index) => ({ ...row, sequence: BigInt(index) }),
          ),
          requests: shuffle([...requests, ...unanswered], order),
        };
      }),
  );
}

function withoutKey(row: Omit<WorldRow, 'sequence'>): Omit<WorldRow, 'sequence'> {
  return { ...row, keys: [row.keys[0]!, null] };
}

/** Distinct keys for distinct numbers below the number of combinations, in an order that mixes both parts. */
function keyAt(index: number): readonly EngineValue[] {
  const place = index % (KEY_TEXTS.length * KEY_CODES.length);
  return [KEY_TEXTS[place % KEY_TEXTS.length]!, KEY_CODES[Math.floor(place / KEY_TEXTS.length)]!];
}

/** One of a thousand orders of the items; order 0 keeps them. */
function shuffle<T>(items: readonly T[], order: number): readonly T[] {
  return items
    .map((item, index) => ({ item, place: order === 0 ? index : ((index + 1) * (order * 7919 + 1)) % 104_729 }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
