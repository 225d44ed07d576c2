/** Rows of one key that come by themselves, and the state that they make of the one that is stored. */
import { compareRowOrder, type RowOrder } from '../aggregates/row-order.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { EngineValue } from '../engine/engine.ts';
import { createAggregateCodec } from './aggregate-state.ts';
import { createAsofCodec } from './asof-state.ts';
import type { Position } from './position.ts';

export interface ArrivedRow {
  readonly order: RowOrder;
  /** By the columns of the merger; null for a delete. */
  readonly values: readonly EngineValue[] | null;
}

export interface StateMerger {
  /** Source columns that values are given by. */
  readonly columns: readonly string[];
  /** Whether the stored state is needed: a row replaces another by its order alone. */
  readonly needsStored: boolean;
  /** @param rows at least one, in any order */
  merge(stored: Uint8Array | null, rows: readonly ArrivedRow[], position: Position): Uint8Array;
}

export function createStateMerger(view: FeatureViewManifest, source: StoredSourceManifest): StateMerger {
  if (view.mode === 'asof') {
    const codec = createAsofCodec(view, source);
    return {
      columns: codec.columns.map(({ name }) => name),
      needsStored: false,
      merge: (_, rows) =>
        codec.encode(rows.reduce((best, row) => (compareRowOrder(row.order, best.order) > 0 ? row : best))),
    };
  }
  const codec = createAggregateCodec(view, source);
  return {
    columns: codec.layout.columns,
    needsStored: true,
    merge(stored, rows, position) {
      const builder = stored === null ? codec.start() : codec.resume(stored);
      for (const { order, values } of rows) builder.add(order, values);
      return builder.encode(position);
    },
  };
}
