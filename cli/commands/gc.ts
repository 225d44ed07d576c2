import { parseDuration } from '../../contracts/time.ts';
import { AsofError } from '../../contracts/errors.ts';
import { collectGarbage } from '../../lake/gc.ts';
import { openLake } from '../../lake/open.ts';
import type { Register } from '../main.ts';
import { withCatalog } from '../project.ts';
import { formatCount } from '../table.ts';

export const registerGc: Register = (program, run) => {
  program
    .command('gc')
    .description('remove what no commit mentions, once it is older than the grace')
    .option('--grace <duration>', 'younger files may belong to a run under way', '3d')
    .option('--dry-run', 'only say what would go')
    .action(({ grace, dryRun = false }: { grace: string; dryRun?: boolean }) =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const graceMicros = grace === '0' ? 0 : parseDuration(grace);
          if (graceMicros === undefined) {
            throw new AsofError('USAGE', { problem: `--grace takes a duration such as 3d, not "${grace}"` });
          }
          const graceMillis = graceMicros / 1000;
          const lake = await openLake(settings);
          const report = await collectGarbage({ catalog, lake, project: settings.project, graceMillis, dryRun });
          context.terminal.result(
            { dryRun, ...report },
            `${dryRun ? 'Would remove' : 'Removed'} ${formatCount(report.removed.length)} files,` +
              ` ${formatCount(report.bytes)} bytes; ${formatCount(report.kept)} kept.`,
          );
        }),
      ),
    );
};
