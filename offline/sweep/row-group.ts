/** The rows of a block that pass one filter: what the windows of a group are cut from. */
import type { BlockColumn } from './event-block.ts';
import { filterChanges, type RowChanges } from './row-changes.ts';

export interface RowGroup {
  readonly rows: number;
  /** By key of the block its first row; one more entry than keys, the last being `rows`. */
  readonly begins: Int32Array;
  readonly inputs: readonly BlockColumn[];
  readonly created: Float64Array | undefined;
  /** Undefined when every row counts from its time on for good. */
  readonly changes: RowChanges | undefined;
  /** What `make` gives, made once for a key: trees and conversions that several windows share. */
  readonly remember: <T>(key: string, make: () => T) => T;
  /** The number of the group's rows before a row of the block; the block's row itself when nothing is filtered. */
  placesOf(blockRows: Int32Array): Int32Array;
}

/** All rows of a block. */
export function wholeGroup(
  begins: Int32Array,
  inputs: readonly BlockColumn[],
  created: Float64Array | undefined,
  changes: RowChanges | undefined,
): RowGroup {
  const rows = begins.at(-1)!;
  return { rows, begins, inputs, created, changes, remember: createMemory(), placesOf: (blockRows) => blockRows };
}

/** The rows where `passes` is 1. */
export function filterGroup(whole: RowGroup, passes: Int32Array): RowGroup {
  const places = new Int32Array(whole.rows + 1);
  for (let row = 0; row < whole.rows; row++) places[row + 1] = places[row]! + passes[row]!;
  const passing = new Int32Array(places[whole.rows]!);
  for (let row = 0; row < whole.rows; row++) if (passes[row] === 1) passing[places[row]!] = row;
  const placesOf = (blockRows: Int32Array): Int32Array => blockRows.map((row) => places[row]!);
  return {
    rows: passing.length,
    begins: placesOf(whole.begins),
    inputs: whole.inputs.map((column) => gather(column, passing)),
    created: whole.created && gatherValues(whole.created, passing),
    changes: whole.changes && filterChanges(whole.changes, passing, places),
    remember: createMemory(),
    placesOf,
  };
}

function createMemory(): RowGroup['remember'] {
  const made = new Map<string, unknown>();
  return <T>(key: string, make: () => T): T => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T;
  };
}

function gather({ values, valid }: BlockColumn, rows: Int32Array): BlockColumn {
  return { values: gatherValues(values, rows), valid: valid && gatherValues(valid, rows) };
}

function gatherValues<Values extends BlockColumn['values'] | Uint8Array>(values: Values, rows: Int32Array): Values {
  if (Array.isArray(values)) return Array.from(rows, (row) => (values as readonly unknown[])[row]) as unknown as Values;
  const source = values as Float64Array;
  const gathered = new (source.constructor as Float64ArrayConstructor)(rows.length);
  for (let place = 0; place < rows.length; place++) gathered[place] = source[rows[place]!]!;
  return gathered as unknown as Values;
}
