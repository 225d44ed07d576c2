/** The way from an online read to the historical engine, for instants that the online state does not answer. */
import type { PlannedView } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import type { ScalarValue } from '../contracts/values.ts';
import type { OnlineCell } from './online-cell.ts';

export interface LakeReader {
  /** The cells of each key at `at`, by the features of the planned view. Keys hold no nulls. */
  read(request: {
    readonly view: PlannedView;
    readonly keys: readonly (readonly ScalarValue[])[];
    readonly at: Micros;
  }): Promise<readonly (readonly OnlineCell[])[]>;
}
