import { runDurably } from '../../durable.ts';
import type { Register } from '../../main.ts';
import { describeMaterialized } from '../materialize.ts';
import { chooseNamedOrAll } from './choice.ts';

export const registerRebuild: Register = (online, run) => {
  online
    .command('rebuild')
    .description('make the online values of views anew from the lake; they are UNAVAILABLE meanwhile')
    .argument('[views...]')
    .option('--all', 'every view that is online')
    .option('--no-wait', "return the run's id at once")
    .action((names: readonly string[], options: { all?: boolean; wait: boolean }) =>
      run(async (context) => {
        const input = { ...(await chooseNamedOrAll(context, names, options.all === true)), rebuild: true };
        await runDurably(context, {
          workflow: 'materialize',
          input,
          wait: options.wait,
          describe: describeMaterialized,
        });
      }),
    );
};
