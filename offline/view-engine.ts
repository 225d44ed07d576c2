/** What a retrieval asks an engine for: the features of one view for a table of requests. Two answer: DuckDB and Spark. */
import type { DefinitionRuntime, PlannedView } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import type { AskedRequests } from './asof/asked-requests.ts';
import type { EventRange } from './event-relation.ts';

export interface ViewRequest {
  readonly project: string;
  readonly planned: PlannedView;
  /** Makes the rows of views with `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
  /** Of the source. */
  readonly snapshot: number;
  /** Event times that can matter; rows outside may be left out. */
  readonly range: EventRange;
  /** A table of `__row`, the columns of `requestKeys` and `__at`. */
  readonly requests: string;
  /** By position the columns of `requests` that hold the view's keys. */
  readonly requestKeys: readonly string[];
  readonly asKnown: boolean;
  /** `requests` by `requestKeys`, when other views of the unit are asked at them too. */
  readonly asked?: AskedRequests;
  /** Whether tiles may stand for rows, for an engine that has them. Default: where they pay. */
  readonly tiles?: boolean | undefined;
  /** The temporary table to create, as `computeViewFeatures` says: a row for each request, in order of `__row`. */
  readonly resultTable: string;
}

export interface ViewEngine {
  /** Creates the result table in the session. */
  computeView(session: Session, request: ViewRequest): Promise<void>;
}
