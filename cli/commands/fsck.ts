import { checkLake } from '../../lake/fsck.ts';
import { describeUnreadable } from '../../lake/unreadable.ts';
import type { Register } from '../main.ts';
import { withOfflineStores } from '../offline-stores.ts';
import { formatCount } from '../table.ts';

export const registerFsck: Register = (program, run) => {
  program
    .command('fsck')
    .description('verify that catalog and lake agree: every file, row count and checksum')
    .option('--deep', 'read every row of every file')
    .action(({ deep = false }: { deep?: boolean }) =>
      run((context) =>
        withOfflineStores(context, async ({ settings, catalog, lake, engine }) => {
          const report = await checkLake({ catalog, lake, engine, project: settings.project, deep });
          const ok = report.problems.length === 0;
          context.terminal.result({ ok, ...report }, [
            `${formatCount(report.files)} files, ${formatCount(report.rows)} rows checked.`,
            ...report.problems.map(({ path, problem }) => `problem: ${path}: ${problem}`),
            ...(report.unreadable ?? []).map((one) => `cannot be read: ${describeUnreadable(one)}`),
            ...(report.orphans.length > 0 ? [`${report.orphans.length} orphans; \`asof gc\` removes them.`] : []),
            ok ? 'Nothing is wrong.' : `${report.problems.length} problems.`,
          ]);
          return ok ? 0 : 1;
        }),
      ),
    );
};
