import { describeRestatement, neededRestatements } from '../../catalog/restatements.ts';
import { describeFreshness, readFreshness } from '../../online/freshness.ts';
import type { Register } from '../main.ts';
import { requireApplied, withCatalog } from '../project.ts';
import { drawTable } from '../table.ts';

export const registerStatus: Register = (program, run) => {
  program
    .command('status')
    .description('how old the online state of each view is, against its freshness target, and what needs a restatement')
    .action(() =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const { manifest } = await requireApplied(catalog, settings.project);
          const views = (await readFreshness(catalog.intervals, manifest)).map(describeFreshness);
          const rows = views.map((view) => [
            view.view,
            view.to ?? 'not materialized yet',
            view.ageSeconds === null ? '' : `${view.ageSeconds} s`,
            view.target ?? '',
            view.state ?? '',
          ]);
          const stored = manifest.views.filter((view) => view.kind === 'feature' && view.offline);
          const needed = await neededRestatements(catalog.intervals, settings.project, stored);
          const restatements = needed.map(describeRestatement);
          context.terminal.result({ views, restatements }, [
            rows.length === 0
              ? 'No view is online.'
              : drawTable(['view', 'online as of', 'age', 'target', 'state'], rows),
            ...restatements.map(({ command }) => `rows came too late, needs restatement: ${command}`),
          ]);
        }),
      ),
    );
};
