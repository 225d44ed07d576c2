/** What an ingestion says of rows that came too late. */
import type { Catalog } from '../catalog/catalog.ts';
import { describeRestatement, neededRestatements } from '../catalog/restatements.ts';
import { formatDuration } from '../contracts/time.ts';
import type { IngestionPlan } from './ingestion-plan.ts';

/** Ranges beyond so many are counted, not named. */
const MOST_NAMED = 10;

/** One warning for each range of a backfilled view of the source that waits for a restatement, from this run or an earlier one. */
export async function lateWarnings(
  intervals: Catalog['intervals'],
  { project, source, views }: Pick<IngestionPlan, 'project' | 'source' | 'views'>,
): Promise<readonly string[]> {
  const { name, allowedLatenessMicros } = source;
  if (allowedLatenessMicros === null) return [];
  const needed = (
    await neededRestatements(
      intervals,
      project,
      views.filter(({ offline }) => offline),
    )
  ).map(describeRestatement);
  const named = needed.slice(0, MOST_NAMED).map(({ view, from, to, command }) => {
    const why = `rows came later than the ${formatDuration(allowedLatenessMicros)} that source ${name} allows`;
    return `view ${view} needs a restatement from ${from} to ${to}, where ${why}: ${command}`;
  });
  const more = needed.length - named.length;
  return more > 0 ? [...named, `and ${more} more ranges; asof status names all`] : named;
}
