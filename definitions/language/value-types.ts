/** The TypeScript type of a column's value: int64 is `bigint`, timestamps keep their microseconds. */
import type { ColumnType, ScalarType } from '../../contracts/values.ts';
import type { Timestamp } from '../../contracts/timestamp.ts';
import type { Schema } from './definition.ts';

export type TimestampType = 'timestamp' | 'timestamp[s]' | 'timestamp[ms]' | 'timestamp[us]';
export type VectorType = `float32[${number}]`;

export type ValueOf<Type extends ColumnType> = Type extends 'string'
  ? string
  : Type extends 'int64'
    ? bigint
    : Type extends 'float64'
      ? number
      : Type extends 'boolean'
        ? boolean
        : Type extends TimestampType
          ? Timestamp
          : Type extends VectorType
            ? readonly number[]
            : Type extends `${infer Element extends ScalarType}[]`
              ? readonly (ValueOf<Element> | null)[]
              : never;

/** A row with these columns; any value may be missing. */
export type RowOfSchema<Columns extends Schema> = {
  readonly [Column in keyof Columns]: ValueOf<Columns[Column]> | null;
};

/** `500ms 30s 5m 1h 7d 2w` */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;
