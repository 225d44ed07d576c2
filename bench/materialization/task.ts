/** What a contender of the materialization rows is told, as JSON. */
export interface MaterializationTask {
  readonly kind: 'asof' | 'feast' | 'pipe';
  /** The project's directory, with the view `reading` of the values f0, f1, … */
  readonly directory: string;
  /** The file that was ingested: a row an entity, whose keys are 0, 1, … */
  readonly file: string;
  readonly entities: number;
  readonly values: number;
  readonly ttlDays: number;
  /** Of Feast alone: a Python that can import it. */
  readonly python?: string;
}

const SAMPLE = 1000;

/** The keys whose first value is read back and summed. */
export function sampledKeys({ entities }: MaterializationTask): readonly number[] {
  return Array.from({ length: SAMPLE }, (_, index) => Math.floor((index * entities) / SAMPLE));
}
