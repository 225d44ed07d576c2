import type { SparkSession } from '../../engine/spark/spark.ts';

/** A SELECT whose rows Spark writes to the staging area. */
export interface SparkJob {
  /** Names its output. */
  readonly name: string;
  readonly sql: string;
  /** What the jobs after it need of its output. */
  readonly then?: (session: SparkSession, address: string) => Promise<void>;
}
