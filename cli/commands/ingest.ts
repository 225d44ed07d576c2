import type { RunResults } from '../../workers/starter.ts';
import { runDurably } from '../durable.ts';
import type { Register } from '../main.ts';
import { requireProjectName } from '../project.ts';
import { formatCount, plural } from '../table.ts';

export const registerIngest: Register = (program, run) => {
  program
    .command('ingest')
    .description('read a source into the lake: checked, counted once, durable')
    .argument('<source>')
    .option('--from <time>', 'only rows at or after this instant')
    .option('--to <time>', 'only rows before this instant')
    .option('--no-wait', "return the run's id at once")
    .action((source: string, options: { from?: string; to?: string; wait: boolean }) =>
      run(async (context) => {
        const { wait, ...range } = options;
        const input = { project: await requireProjectName(context), source, ...range };
        await runDurably(context, { workflow: 'ingest', input, wait, describe: describeIngestion });
      }),
    );
};

function describeIngestion(result: RunResults['ingest']): readonly string[] {
  if (result.inputs === 0) {
    return [
      `Nothing new in ${result.source}: ${plural(result.unchangedInputs, 'input')} ${result.unchangedInputs === 1 ? 'was' : 'were'} ingested before, unchanged.`,
    ];
  }
  return [
    `${result.source}: ${formatCount(result.rowsIn)} rows in = ${formatCount(result.committed)} committed` +
      ` + ${formatCount(result.quarantined)} quarantined + ${formatCount(result.deduplicated)} deduplicated.`,
    `Snapshot ${result.snapshot}, ${plural(result.inputs, 'input')} read, ${result.unchangedInputs} unchanged.`,
    ...result.warnings.map((warning) => `warning: ${warning}`),
  ];
}
