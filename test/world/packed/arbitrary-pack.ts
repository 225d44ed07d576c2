/**
 * Random small worlds, packed as keys of one pack. Times are sums of steps that the views' windows, ttl, delay and grids are
 * made of, give or take a microsecond, so that rows meet every boundary all the time.
 */
import fc from 'fast-check';
import type { Micros } from '../../../contracts/time.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { AMOUNT_EDGES, arbitraryValues, orNull } from '../arbitrary-values.ts';
import type { ValueColumn } from '../world.ts';
import type { PackKind } from './pack-definitions.ts';

/** A row of the pack's files. */
export interface PackedRow {
  readonly keys: readonly EngineValue[];
  readonly event: Micros;
  readonly created: Micros | null;
  readonly values: Readonly<Record<ValueColumn | 'id' | 'action', EngineValue>>;
  /** Which of the pack's files it stands in. */
  readonly file: number;
}

export interface PackedRequest {
  readonly keys: readonly EngineValue[];
  readonly at: Micros;
}

/** One small world: it shares no key and no event's id with another. */
export interface PackedWorld {
  readonly rows: readonly PackedRow[];
  readonly requests: readonly PackedRequest[];
}

/** Names of the files, in the byte order in which ingestion numbers their rows. */
export const FILE_NAMES = ['Z.parquet', 'a.parquet', 'b.parquet'];

const HALF_SECOND = 500_000n;
const MINUTE = 60_000_000n;
const HOUR = 60n * MINUTE;
const FAR: readonly bigint[] = [MINUTE, MINUTE + 1_000_000n, HOUR, HOUR + MINUTE, 24n * HOUR, 25n * HOUR];

const ACTIONS = ['insert', 'update', 'update', 'delete', null];
/** Separators, quotes, control characters, and texts that look alike when joined. */
const NAMES = [
  '',
  '1',
  '12',
  'a',
  'a,b',
  "a'b",
  'a"b',
  'a\\b',
  'a\r\nb',
  'a|b',
  'a:{*}',
  'a\0b',
  'é',
  '\u{1F6E9}',
  'null',
];
const CODES = [0n, 1n, 2n, 3n, 12n, 23n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];

/** Distinct keys for distinct numbers; neighbours share a part. */
function packedKey(index: number): readonly EngineValue[] {
  const code = Math.floor(index / NAMES.length);
  return [NAMES[index % NAMES.length]!, CODES[code] ?? BigInt(code) * 1_000_003n];
}

function arbitraryInstant(base: Micros): fc.Arbitrary<Micros> {
  const far = fc.oneof({ weight: 5, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.constantFrom(...FAR) });
  const nudge = fc.constantFrom(-1n, 0n, 0n, 0n, 1n);
  return fc
    .tuple(fc.bigInt(0n, 8n), far, nudge)
    .map(([halves, back, micros]) => base + halves * HALF_SECOND - back + micros);
}

type Drawn = Omit<PackedRow, 'keys'> & { readonly key: number; readonly doubled: boolean };

function arbitraryRow({ base, source }: PackKind, edges: readonly bigint[]): fc.Arbitrary<Drawn> {
  const hasIds = source === 'changes';
  const at = arbitraryInstant(base);
  return fc.record({
    event: at,
    created: source === 'undated' ? fc.constant(null) : orNull(at),
    values: fc.record({
      ...arbitraryValues(base, edges),
      id: hasIds ? orNull(fc.constantFrom('p', 'q', 'r')) : fc.constant(null),
      action: hasIds ? fc.constantFrom(...ACTIONS) : fc.constant(null),
    }),
    file: fc.nat(FILE_NAMES.length - 1),
    key: hasIds ? fc.constantFrom(0, 0, 0, 1) : fc.constant(0),
    doubled: fc.constantFrom(false, false, false, true),
  });
}

/** The worlds of one pack, the same for the same seed. */
export function drawWorlds(kind: PackKind, count: number, seed: number): readonly PackedWorld[] {
  const edges = AMOUNT_EDGES[Math.abs(seed) % AMOUNT_EDGES.length]!;
  const world = fc.record({
    rows: fc.array(arbitraryRow(kind, edges), { maxLength: 8, size: 'max' }),
    requests: fc.array(fc.record({ at: arbitraryInstant(kind.base), key: fc.constantFrom(0, 0, 0, 1) }), {
      minLength: 1,
      maxLength: 4,
      size: 'max',
    }),
  });
  const keysOfWorld = kind.source === 'changes' ? 2 : 1;
  return fc.sample(world, { seed, numRuns: count }).map(({ rows, requests }, index) => {
    const keyOf = (key: number): readonly EngineValue[] => packedKey(index * keysOfWorld + (key % keysOfWorld));
    return {
      rows: rows.flatMap(({ key, doubled, ...row }): PackedRow[] => {
        const { id } = row.values;
        const own = { ...row.values, id: id === null ? null : `${index}-${String(id)}` };
        const placed = { ...row, keys: keyOf(key), values: own };
        return doubled ? [placed, placed] : [placed];
      }),
      requests: requests.map(({ at, key }) => ({ at, keys: keyOf(key) })),
    };
  });
}
