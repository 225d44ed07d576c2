import type { RunResults } from '../../workers/starter.ts';
import { runDurably } from '../durable.ts';
import type { Register } from '../main.ts';
import { drawTable, formatCount } from '../table.ts';
import { chooseNamedOrAll } from './online/choice.ts';

export const registerMaterialize: Register = (program, run) => {
  program
    .command('materialize')
    .description('bring views online, from where they stand')
    .argument('[views...]')
    .option('--all', 'every view that is online')
    .option('--to <time>', 'rows due at this instant (default: now)')
    .option('--no-wait', "return the run's id at once")
    .action((names: readonly string[], options: { all?: boolean; to?: string; wait: boolean }) =>
      run(async (context) => {
        const { project, views } = await chooseNamedOrAll(context, names, options.all === true);
        const input = { project, views, ...(options.to === undefined ? {} : { to: options.to }) };
        await runDurably(context, {
          workflow: 'materialize',
          input,
          wait: options.wait,
          describe: describeMaterialized,
        });
      }),
    );
};

export function describeMaterialized({ views }: RunResults['materialize']): string {
  return drawTable(
    ['view', 'snapshot', 'due at', 'keys written', 'unchanged'],
    views.map((view) => [view.view, view.snapshot, view.to, formatCount(view.written), formatCount(view.unchanged)]),
  );
}
