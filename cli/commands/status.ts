import { describeRestatement, neededRestatements } from '../../catalog/restatements.ts';
import { describeFreshness, readFreshness } from '../../online/freshness.ts';
import { formatDuration, formatInstant, clockNow } from '../../contracts/time.ts';
import type { FreshnessChange } from '../../contracts/freshness.ts';
import { describeWatch, type FreshnessWatch } from '../../online/freshness-watch.ts';
import { ageText } from '../age-text.ts';
import { describeConsistency, summarizeConsistency } from '../consistency-summary.ts';
import type { Register } from '../main.ts';
import { requireApplied, withCatalog } from '../project.ts';
import { drawTable } from '../table.ts';

const SHOWN_CHANGES = 5;

export const registerStatus: Register = (program, run) => {
  program
    .command('status')
    .description('how old the online state of each view is, against its freshness target, and what needs a restatement')
    .action(() =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const { manifest } = await requireApplied(catalog, settings.project);
          const now = clockNow();
          const views = (await readFreshness(catalog.intervals, manifest, now)).map(describeFreshness);
          const watch = describeWatch(manifest, await catalog.freshness.lastLook(settings.project), now);
          const changes = await catalog.freshness.changes(settings.project, SHOWN_CHANGES);
          const checked = await catalog.consistency.newestReport(settings.project);
          const consistency = checked ? summarizeConsistency(checked) : null;
          const rows = views.map((view) => [
            view.view,
            view.to ?? 'not materialized yet',
            view.ageSeconds === null ? '' : ageText(view.ageSeconds),
            view.target ?? '',
            view.state ?? '',
          ]);
          const stored = manifest.views.filter((view) => view.kind === 'feature' && view.offline);
          const needed = await neededRestatements(catalog.intervals, settings.project, stored);
          const restatements = needed.map(describeRestatement);
          const document = {
            views,
            watch: watch ? watchDocument(watch) : null,
            changes: changes.map(changeDocument),
            restatements,
            consistency,
          };
          context.terminal.result(document, [
            rows.length === 0
              ? 'No view is online.'
              : drawTable(['view', 'online as of', 'age', 'target', 'state'], rows),
            ...changes.map(changeDocument).map(describeChange),
            ...(watch ? [describeLooks(watch, now)] : []),
            ...(consistency ? [describeConsistency(consistency)] : []),
            ...restatements.map(({ command }) => `rows came too late, needs restatement: ${command}`),
          ]);
        }),
      ),
    );
};

function changeDocument({ view, before, state, since, noticedAt, targetMicros }: FreshnessChange) {
  const times = { since: formatInstant(since), noticedAt: formatInstant(noticedAt) };
  return { view, before, state, target: formatDuration(targetMicros), ...times };
}

function describeChange({ view, before, state, target, since }: ReturnType<typeof changeDocument>): string {
  return `${since}  ${view}: ${before ?? 'first look'} -> ${state} (target ${target})`;
}

function watchDocument({ everyMicros, lastLook, isLate }: FreshnessWatch) {
  return { every: formatDuration(everyMicros), lastLook: lastLook === null ? null : formatInstant(lastLook), isLate };
}

function describeLooks({ everyMicros, lastLook, isLate }: FreshnessWatch, now: bigint): string {
  const every = formatDuration(everyMicros);
  const age = lastLook === null ? null : ageText(Number((now > lastLook ? now - lastLook : 0n) / 1_000_000n));
  if (!isLate) return `Watched every ${every}; looked at ${age} ago.`;
  const last = age === null ? 'nobody has looked yet' : `the last look was ${age} ago`;
  return `To be watched every ${every}, but ${last}: is the stack running, and the schedule declared/freshness not paused?`;
}
