import { equalShare, VERDICTS, type ConsistencyReport, type Verdict } from '../contracts/consistency.ts';
import { MAX_NAMED_FEATURES, type CheckConsistencyResult } from '../contracts/runs.ts';
import { clockNow, MICROS_PER_DAY, parseDuration } from '../contracts/time.ts';
import { checkConsistency } from '../online/consistency-check.ts';
import { createLakeReader } from '../online/lake-reader.ts';
import type { ComputeDependencies } from './dependencies.ts';
import { withSignal } from './heartbeat.ts';

export interface CheckServedInput {
  readonly project: string;
  readonly last?: string | undefined;
  readonly runId: string;
}

/** On the compute queue: it reads the lake with the engine. */
export interface ConsistencyActivities {
  /** Computes sampled vectors again and keeps the report. May be repeated. Throws what the historical engine throws. */
  checkServedValues(input: CheckServedInput): Promise<CheckConsistencyResult>;
}

export function createConsistencyActivities({
  catalog,
  definitions,
  lakeOf,
  withEngine,
}: ComputeDependencies): ConsistencyActivities {
  return {
    async checkServedValues({ project, last = '1d', runId }) {
      const lake = await lakeOf(project);
      const since = clockNow() - BigInt(parseDuration(last) ?? MICROS_PER_DAY);
      const report = await withSignal((signal) =>
        withEngine(lake, [], (engine) => {
          const reader = createLakeReader({ project, catalog, lake, engine });
          const runtimeOf = definitions.runtime.bind(definitions);
          return checkConsistency({ project, catalog, lake: reader, runtimeOf }, { since, signal });
        }),
      );
      await catalog.consistency.addReport(project, runId, report);
      return summarize(report);
    },
  };
}

/** Names and counts alone: what a run gives back stands in Temporal. */
function summarize({
  since,
  until,
  vectors,
  waiting,
  unreadable,
  features,
}: ConsistencyReport): CheckConsistencyResult {
  const sum = (verdict: Verdict): number => features.reduce((total, feature) => total + feature[verdict], 0);
  const values = Object.fromEntries(VERDICTS.map((verdict) => [verdict, sum(verdict)])) as Record<Verdict, number>;
  const named = features.toSorted((a, b) => Number(b.different > 0) - Number(a.different > 0));
  return {
    ...{ since, until, vectors, waiting, unreadable, values },
    equalShare: equalShare(values),
    features: named.slice(0, MAX_NAMED_FEATURES),
  };
}
