/** The shape in which rows leave the engine on their way to Redis: keys, order, whether deleted, values. */
import type { RowOrder } from '../aggregates/row-order.ts';
import type { ColumnBatch, EngineValue } from '../engine/engine.ts';
import { quoteIdentifier } from '../engine/sql.ts';
import { cellOf } from '../engine/vector-reader.ts';
import { DELETED_COLUMN } from '../offline/event-relation.ts';
import { halvesOf } from './cell-packer.ts';
import type { OrderHalves } from './order-bytes.ts';

/** First and last column, exclusive. */
type Places = readonly [from: number, to: number];

export interface RowPlaces {
  readonly keys: Places;
  readonly order: number;
  readonly deleted: number;
  readonly values: Places;
}

/** The select list over an event relation, for `rowPlaces`. Names do not matter: a key may also be a value. */
export function rowSelection(keys: readonly string[], columns: readonly string[], hasDeletes: boolean): string {
  return [
    ...keys.map((name, index) => `${quoteIdentifier(name)} AS __key_${index}`),
    '__event',
    '__created',
    '__seq',
    `${hasDeletes ? DELETED_COLUMN : 'false'} AS __is_deleted`,
    ...columns.map((name, index) => `${quoteIdentifier(name)} AS __value_${index}`),
  ].join(', ');
}

export function rowPlaces(keys: number, columns: number): RowPlaces {
  const values = keys + 4;
  return { keys: [0, keys], order: keys, deleted: keys + 3, values: [values, values + columns] };
}

export function readRowOrder({ columns }: ColumnBatch, { order }: RowPlaces, row: number): RowOrder {
  return {
    event: cellOf(columns[order]!, row) as bigint,
    created: cellOf(columns[order + 1]!, row) as bigint | null,
    sequence: cellOf(columns[order + 2]!, row) as bigint,
  };
}

/** The orders of a whole batch. */
export function orderHalves({ columns }: ColumnBatch, { order }: RowPlaces): OrderHalves {
  const halves = (place: number): Int32Array => halvesOf(columns[place]!.values as BigInt64Array);
  return {
    event: halves(order),
    created: halves(order + 1),
    hasCreated: columns[order + 1]!.valid,
    sequence: halves(order + 2),
  };
}

export function isDeleted({ columns }: ColumnBatch, { deleted }: RowPlaces, row: number): boolean {
  return cellOf(columns[deleted]!, row) === true;
}

export function readCells({ columns }: ColumnBatch, [from, to]: Places, row: number): EngineValue[] {
  const cells: EngineValue[] = [];
  for (let index = from; index < to; index += 1) cells.push(cellOf(columns[index]!, row));
  return cells;
}
