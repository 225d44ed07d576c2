import { AsofError } from '../../contracts/errors.ts';
import type { RunResults } from '../../workers/starter.ts';
import { runDurably } from '../durable.ts';
import type { Register } from '../main.ts';
import { requireProjectName } from '../project.ts';
import { drawTable, formatCount, plural } from '../table.ts';

export const registerMaintain: Register = (program, run) => {
  program
    .command('maintain')
    .description('compact small files, expire old snapshots, remove files that nothing mentions')
    .option('--retention-days <days>', 'for how long a superseded snapshot can still be read (default: 90)')
    .option('--grace-days <days>', 'for how long a file that nothing mentions is kept (default: 3)')
    .option('--no-wait', "return the run's id at once")
    .action((options: { retentionDays?: string; graceDays?: string; wait: boolean }) =>
      run(async (context) => {
        const input = {
          project: await requireProjectName(context),
          ...(options.retentionDays !== undefined && {
            retentionDays: parseDays('--retention-days', options.retentionDays),
          }),
          ...(options.graceDays !== undefined && { graceDays: parseDays('--grace-days', options.graceDays) }),
        };
        await runDurably(context, { workflow: 'maintain', input, wait: options.wait, describe });
      }),
    );
};

function parseDays(option: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new AsofError('USAGE', { problem: `${option} takes a number of days such as 90, not "${text}"` });
}

function describe({ tables, changed, compacted, expiredRows, expired, removed }: RunResults['maintain']) {
  const rows = changed.map((table) => [
    table.table,
    formatCount(table.filesBefore),
    formatCount(table.filesAfter),
    formatCount(table.expiredRows),
    formatCount(table.files),
    formatCount(table.bytes),
  ]);
  const list = drawTable(['table', 'files compacted', 'into', 'rows expired', 'files', 'bytes'], rows);
  return [
    ...(rows.length > 0 ? [list, ''] : []),
    `${formatCount(tables)} tables: ${formatCount(compacted.filesBefore)} files became` +
      ` ${formatCount(compacted.filesAfter)}, ${formatCount(expiredRows)} rows expired.`,
    `${formatCount(expired.snapshots)} snapshots expired, with ${formatCount(expired.files)} files;` +
      ` ${formatCount(removed.files)} files removed, ${formatCount(removed.bytes)} bytes.`,
    ...(removed.online?.versions ? [describeRetired(removed.online)] : []),
  ];
}

function describeRetired({ versions, keys }: { readonly versions: number; readonly keys: number }): string {
  return `${plural(versions, 'version')} of views that nothing reads any more left Redis, with ${plural(keys, 'value')}.`;
}
