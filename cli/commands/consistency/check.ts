import type { CheckConsistencyResult } from '../../../contracts/runs.ts';
import { formatInstant, requireInstant } from '../../../contracts/time.ts';
import { runDurably } from '../../durable.ts';
import type { Register } from '../../main.ts';
import { requireProjectName } from '../../project.ts';
import { formatCount, plural } from '../../table.ts';
import { drawFeatures } from './feature-table.ts';

export const registerCheck: Register = (consistency, run) => {
  consistency
    .command('check')
    .description('compute sampled vectors again from the lake; fails when a value differs')
    .option('--last <duration>', 'vectors served within it (default: 1d)')
    .option('--no-wait', "return the run's id at once")
    .action(({ last, wait }: { readonly last?: string; readonly wait: boolean }) =>
      run(async (context) => {
        const input = { project: await requireProjectName(context), ...(last !== undefined && { last }) };
        const result = await runDurably(context, { workflow: 'checkConsistency', input, wait, describe });
        return result !== undefined && result.values.different > 0 ? 1 : 0;
      }),
    );
};

function describe(result: CheckConsistencyResult): readonly string[] {
  const { vectors, waiting, unreadable, since, features, values } = result;
  return [
    features.length === 0 ? 'No vector was sampled.' : drawFeatures(features),
    `${plural(vectors, 'vector')} computed again, served since ${formatInstant(requireInstant(since, 'since'))}.`,
    ...(waiting > 0 ? [`${formatCount(waiting)} wait for rows of a stream to land in the lake.`] : []),
    ...(unreadable > 0 ? [`${formatCount(unreadable)} were answered by definitions or fits that are gone.`] : []),
    ...(values.different > 0 ? ['Which ones differ: `asof consistency show`.'] : []),
  ];
}
