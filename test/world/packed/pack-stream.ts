/**
 * The rows of a pack as messages of a topic: some before a view is materialized and some after it, ties and duplicates in any
 * order over the partitions, messages that are sent again, ones that are no rows, and events that come too late to be told
 * from those that were settled.
 */
import fc from 'fast-check';
import { formatInstant, type Micros } from '../../../contracts/time.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { drawWorlds, FILE_NAMES, type PackedRow } from './arbitrary-pack.ts';
import type { PackKind } from './pack-definitions.ts';

export interface PackMessage {
  readonly partition: number;
  readonly text: string | null;
  /** Null for a message that is not a row. */
  readonly row: PackedRow | null;
  /** Whether it is of an event with an id, from before what streams have settled by then. */
  readonly late: boolean;
}

export interface StreamedPack {
  readonly kind: PackKind;
  readonly worlds: number;
  /** All keys that rows or requests of the worlds have. */
  readonly keys: readonly (readonly EngineValue[])[];
  /** In order of arrival. */
  readonly before: readonly PackMessage[];
  readonly after: readonly PackMessage[];
}

export const PACK_PARTITIONS = 3;
/** Rows this far behind the base or less are within the lateness of all others; the rest is an hour behind, or more. */
const NEAR_MICROS = 300_000_000n;
const GARBAGE = ['no json', '[]', '{"happened":"never"}', null];
const GARBAGE_EVERY = 40;

/** The same messages for the same seed. */
export function drawStream(kind: PackKind, worlds: number, seed: number): StreamedPack {
  const drawn = drawWorlds(kind, worlds, seed);
  const hasIds = kind.source === 'changes';
  const rows = drawn.flatMap((world) => world.rows).map((row, index) => (hasIds ? identified(kind, row, index) : row));
  const keys = new Map(
    drawn.flatMap((world) => [...world.rows, ...world.requests]).map((one) => [textOf(one), one.keys]),
  );
  const isNear = ({ event }: PackedRow): boolean => event >= kind.base - NEAR_MICROS;
  const arrivesAfter = ({ file }: PackedRow): boolean => file === FILE_NAMES.length - 1;
  // what stands for all of a key's later ones: its far rows cannot be taken for recent ones any more
  const settling = new Set(
    rows.filter((row) => isNear(row) && !arrivesAfter(row) && isWhole(row)).map((row) => textOf(row)),
  );
  const mayBeLate = (row: PackedRow): boolean => hasIds && !isNear(row);
  const isAfter = (row: PackedRow): boolean => arrivesAfter(row) && (!mayBeLate(row) || settling.has(textOf(row)));
  const chance = fc.sample(fc.double({ noNaN: true, min: 0, max: 1 }), { seed, numRuns: 2 * rows.length + 1 });
  const resent = rows.filter(
    (row, index) => chance[index]! < 0.1 && !isAfter(row) && (!mayBeLate(row) || settling.has(textOf(row))),
  );
  const places = new Map([...keys.keys()].map((text, index) => [text, index % PACK_PARTITIONS]));
  const toMessage = (row: PackedRow, index: number, late: boolean): PackMessage => ({
    partition: hasIds ? places.get(textOf(row))! : index % PACK_PARTITIONS,
    text: messageText(row),
    row,
    late,
  });
  const shuffled = (some: readonly PackedRow[]): readonly PackedRow[] =>
    some
      .map((row, index) => ({ row, place: chance[rows.length + index]! }))
      .sort((a, b) => a.place - b.place)
      .map(({ row }) => row);
  const first = shuffled(rows.filter((row) => !isAfter(row)));
  // on time means in order, for rows that are further apart than the lateness
  const inOrder = [...first.filter(mayBeLate).sort(byEvent), ...first.filter((row) => !mayBeLate(row))];
  return {
    kind,
    worlds,
    keys: [...keys.values()],
    before: withGarbage(inOrder.map((row, index) => toMessage(row, index, false))),
    after: withGarbage(
      shuffled([...rows.filter(isAfter), ...resent]).map((row, index) => toMessage(row, index, mayBeLate(row))),
    ),
  };
}

/** An event stays with its key, and its rows within the lateness of each other. */
function identified({ base }: PackKind, row: PackedRow, index: number): PackedRow {
  const { id } = row.values;
  if (id === null) return row;
  const own = row.event < base - NEAR_MICROS ? `far ${index}` : `${textOf(row)} ${String(id)}`;
  return { ...row, values: { ...row.values, id: own } };
}

/** Whether every view counts it. */
function isWhole({ created, values }: PackedRow): boolean {
  return created !== null && values.id !== null;
}

function textOf({ keys }: { readonly keys: readonly EngineValue[] }): string {
  return JSON.stringify(keys.map(String));
}

function byEvent(a: PackedRow, b: PackedRow): number {
  return a.event < b.event ? -1 : a.event > b.event ? 1 : 0;
}

function withGarbage(messages: readonly PackMessage[]): readonly PackMessage[] {
  return messages.flatMap((message, index) => {
    if (index % GARBAGE_EVERY !== 0) return [message];
    const text = GARBAGE[(index / GARBAGE_EVERY) % GARBAGE.length]!;
    return [{ partition: message.partition, text, row: null, late: false }, message];
  });
}

function messageText({ keys, event, created, values }: PackedRow): string {
  const members = {
    name: json(keys[0]!),
    code: json(keys[1]!),
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, json(value)])),
    seen: instant(values.seen as Micros | null),
    happened: instant(event),
    loaded: instant(created),
  };
  const texts = Object.entries(members).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  return `{${texts.join(',')}}`;
}

function instant(micros: Micros | null): string {
  return micros === null ? 'null' : JSON.stringify(formatInstant(micros));
}

/** Every digit of an integer, and the sign of a zero. */
function json(value: EngineValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (Object.is(value, -0)) return '-0.0';
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value));
  return JSON.stringify(value);
}
