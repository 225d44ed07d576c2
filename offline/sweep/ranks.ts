/** Values of any ordered type as their ranks among each other: numbers that compare like the values. */
import type { BlockColumn } from './event-block.ts';
import type { EngineValue } from '../../engine/engine.ts';

export interface Ranks<Value extends EngineValue = EngineValue> {
  /** By row; -1 for null. */
  readonly ofRow: Int32Array;
  /** By rank, ascending and distinct. */
  readonly values: readonly Value[];
}

export function rankColumn<Value extends EngineValue>(
  { values, valid }: BlockColumn,
  compare: (a: Value, b: Value) => number,
): Ranks<Value> {
  const isNull = (row: number): boolean => valid !== undefined && valid[row] === 0;
  const distinct = new Map<Value, number>();
  for (let row = 0; row < values.length; row++) if (!isNull(row)) distinct.set(values[row] as Value, 0);
  const ordered = [...distinct.keys()].sort(compare);
  ordered.forEach((value, rank) => distinct.set(value, rank));
  const ofRow = Int32Array.from({ length: values.length }, (_, row) =>
    isNull(row) ? -1 : distinct.get(values[row] as Value)!,
  );
  return { ofRow, values: ordered };
}
