/** What a contender of the online rows is told, as JSON. */

/** Newest values of 1,000 items: f0, f1, … of the view `profile`, or the windows of the view `activity`. */
export const KEYS = 1000;

export interface OnlineTask {
  readonly kind: 'asof' | 'feast' | 'mget';
  readonly over: 'process' | 'http' | 'open loop';
  /** The project's directory. */
  readonly directory: string;
  /** Of the view: `view:feature`. */
  readonly features: readonly string[];
  /** In one read. */
  readonly entities: number;
  /** Default: now. */
  readonly at?: string;
  /** Of Feast alone: a Python that can import it, and the rows as Parquet. */
  readonly python?: string;
  readonly files?: string;
}

/** The items of a read: each read has others. */
export function itemsOf(read: number, entities: number): readonly number[] {
  return Array.from({ length: entities }, (_, index) => (read * 37 + index) % KEYS);
}
