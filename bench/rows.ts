/** Every row, in the order in which they run. */
import { AS_OF_ROWS } from './offline/as-of.ts';
import { LARGER_THAN_MEMORY } from './offline/larger-than-memory.ts';
import { THREE_VIEWS } from './offline/three-views.ts';
import { WIDE } from './offline/wide.ts';
import { WINDOW_ROWS } from './offline/windows.ts';
import { MATERIALIZATION_ROWS } from './materialization/rows.ts';
import { ONLINE_ROWS } from './online/rows.ts';
import { ORCHESTRATION_ROWS } from './orchestration/rows.ts';
import { STREAMING_ROWS } from './streaming/rows.ts';
import type { BenchRow } from './row.ts';

export const ROWS: readonly BenchRow[] = [
  ...AS_OF_ROWS,
  THREE_VIEWS,
  WIDE,
  ...WINDOW_ROWS,
  LARGER_THAN_MEMORY,
  ...ORCHESTRATION_ROWS,
  ...MATERIALIZATION_ROWS,
  ...ONLINE_ROWS,
  ...STREAMING_ROWS,
];
