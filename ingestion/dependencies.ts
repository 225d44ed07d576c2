import type { Catalog } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import type { TopicReader } from '../sources/topic-reader.ts';

/** What every step works with. The engine must be allowed the lake's directories and those of the source. */
export interface IngestionDependencies {
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  /** For sources of Kafka; absent where no broker is named. */
  readonly topics?: TopicReader | undefined;
}

/** Of a step: an abort ends it with `CANCELLED` and leaves nothing committed. */
export interface StepOptions {
  readonly signal?: AbortSignal;
  /** Called now and then with the rows done so far in this step: for heartbeats. */
  readonly progress?: (rows: number) => void;
}
