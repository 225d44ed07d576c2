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
  /** The event that the row belongs to, where the source's events have ids; null for one by itself. */
  readonly id?: EngineValue;
}

export interface MergedState {
  readonly state: Uint8Array;
  /** Rows that came too late for their event to be told from others, and were left out. */
  readonly late: number;
}

export interface StateMerger {
  /** Source columns that values are given by. */
  readonly columns: readonly string[];
  /** Whether the stored state is needed: a row replaces another by its order alone. */
  readonly needsStored: boolean;
  /** @param rows at least one, in any order */
  merge(stored: Uint8Array | null, rows: readonly ArrivedRow[], position: Position): MergedState;
}

export function createStateMerger(view: FeatureViewManifest, source: StoredSourceManifest): StateMerger {
  if (view.mode === 'asof') {
    const codec = createAsofCodec(view, source);
    return {
      columns: codec.columns.map(({ name }) => name),
      needsStored: false,
      merge(_, rows) {
        const greatest = rows.reduce((best, row) => (compareRowOrder(row.order, best.order) > 0 ? row : best));
        return { state: codec.encode(greatest), late: 0 };
      },
    };
  }
  const codec = createAggregateCodec(view, source);
  return {
    columns: codec.layout.columns,
    needsStored: true,
    merge(stored, rows, position) {
      const builder = stored === null ? codec.start() : codec.resume(stored);
      const late = rows.filter((row) => !builder.add(row.order, row.values, row)).length;
      return { state: builder.encode(position), late };
    },
  };
}
