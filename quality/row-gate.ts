/** The gate of rows that come by themselves, in a push or a stream: no batch is there to be judged as a whole. */
import { AsofError } from '../contracts/errors.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { describeFailure, refusesBatch } from './results.ts';
import { NO_ROWS, rowRuleResult, type RowRuleCounts } from './row-counts.ts';

/** Throws `QUALITY_GATE` when a row rule of the source refuses rows with these counts; `where` says what they are. */
export function refuseBrokenRows(
  { expectations }: Pick<StoredSourceManifest, 'expectations'>,
  counts: readonly RowRuleCounts[],
  where: string,
): void {
  const rules = expectations.filter(({ level }) => level === 'row');
  const results = rules.map((rule, position) => rowRuleResult(rule, counts[position] ?? NO_ROWS));
  const refusals = results.filter(refusesBatch);
  if (refusals.length === 0) return;
  throw new AsofError('QUALITY_GATE', { where, problem: refusals.map(describeFailure).join('; ') });
}
