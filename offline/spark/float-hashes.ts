/**
 * Distinct hashes of doubles. The specified hash goes by the 17 significant digits of a double, which Spark cannot write; so
 * Spark finds the distinct values, DuckDB hashes them, and Spark reads the hashes by value.
 */
import type { Session } from '../../engine/engine.ts';
import { literalText } from '../../engine/sql.ts';
import { sparkText } from '../../engine/spark/spark-sql.ts';
import { distinctHashSql } from '../../aggregates/distinct-hash.ts';
import { keysMatch } from './events-sql.ts';
import type { SparkJob } from './spark-job.ts';
import type { StagedWork } from './staged-work.ts';
import { FLOAT_HASHES, type SparkWindows } from './window-plan.ts';

/** Columns of the event relation whose values are hashed. */
export function hashedFloats({ inputs }: SparkWindows): readonly string[] {
  return inputs.filter(({ kind, type }) => kind === 'hash' && type === 'float64').map(({ column }) => column);
}

/** Afterwards the hashes are there as `FLOAT_HASHES`: `value` and `hash`. */
export function floatValuesJob(
  session: Session,
  work: StagedWork,
  columns: readonly string[],
  sources: { readonly events: string; readonly requests: string },
  keys: number,
): SparkJob {
  const name = 'values';
  const file = 'hashes.parquet';
  return {
    name,
    sql: floatValuesSql(columns, sources, keys),
    async then(running, address) {
      const from = await work.relation(name, address);
      const staged = await work.stage(file);
      const hash = distinctHashSql('value', 'float64');
      await session.run(`COPY (SELECT value, ${hash} AS hash FROM ${from}) TO ${literalText(staged)} (FORMAT parquet)`);
      await work.publish(file);
      await running.run(
        `CREATE OR REPLACE TEMPORARY VIEW ${FLOAT_HASHES} (value DOUBLE, hash BIGINT) USING parquet OPTIONS (path ${sparkText(work.location(file))})`,
      );
    },
  };
}

/** The distinct values of the columns, of the keys asked for. Minus zero is zero here, as in every grouping of Spark. */
export function floatValuesSql(
  columns: readonly string[],
  { events, requests }: { readonly events: string; readonly requests: string },
  keys: number,
): string {
  return `WITH asked AS (${requests}),
events AS (${events}),
narrow AS (SELECT ${columns.map((column) => `e.${column}`).join(', ')} FROM events e LEFT SEMI JOIN asked a ON ${keysMatch(keys, 'e', 'a')})
SELECT DISTINCT value FROM (SELECT explode(array(${columns.join(', ')})) AS value FROM narrow) WHERE value IS NOT NULL`;
}
