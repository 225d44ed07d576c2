import { recipeOf, requireDataset } from '../../../activities/dataset-manifest.ts';
import type { SplitRule } from '../../../contracts/datasets.ts';
import { AsofError } from '../../../contracts/errors.ts';
import { formatInstant, requireInstant } from '../../../contracts/time.ts';
import { checkSplit, keyColumnsOf, partNames, writeSplit } from '../../../offline/dataset-split.ts';
import { parseNames, parseWholeNumber } from '../../arguments.ts';
import type { Register } from '../../main.ts';
import { withOfflineStores } from '../../offline-stores.ts';
import { drawTable, formatCount } from '../../table.ts';
import { describeRule } from './show.ts';

interface SplitOptions {
  readonly by: string;
  readonly at?: readonly string[];
  readonly fractions?: readonly number[];
  readonly key?: readonly string[];
  readonly seed?: number;
  readonly names?: readonly string[];
}

export const registerSplit: Register = (dataset, run) => {
  dataset
    .command('split')
    .description('keep a partition of a version: the same rows for ever, to be exported by name')
    .argument('<name[@version]>')
    .requiredOption('--by <what>', 'time or key')
    .option('--at <times>', 'by time: where the next part begins: T or T,T', parseNames)
    .option('--fractions <shares>', 'by key: shares of the keys, such as 0.8,0.1,0.1', parseFractions)
    .option('--key <columns>', "by key: columns (default: the entities' keys)", parseNames)
    .option('--seed <n>', "by key: another seed gives another partition (default: the version's)", (text) =>
      parseWholeNumber(text, '--seed'),
    )
    .option('--names <names>', 'of the parts (default: train,test or train,validation,test)', parseNames)
    .action((reference: string, options: SplitOptions) =>
      run((context) =>
        withOfflineStores(context, async ({ settings, catalog, lake, engine }) => {
          const found = await requireDataset(catalog, settings.project, reference);
          const { retrieval } = (await recipeOf(lake, found)).build;
          const rule = ruleOf(options, keyColumnsOf(retrieval), found.seed);
          const parts = rule.by === 'time' ? rule.at.length + 1 : rule.fractions.length;
          const names = options.names ?? partNames(parts);
          checkSplit(rule, names);
          const dependencies = { lake, engine, signal: context.signal };
          const written = await writeSplit(dependencies, { dataset: found, retrieval, rule, names });
          const kept = await catalog.datasets.addSplit(found, written);
          // the partition was there already: what was written is nobody's
          if (kept.file.uri !== written.file.uri) await lake.remove(written.file.uri);
          context.terminal.result(
            { name: found.name, version: found.version, ...kept, createdAt: formatInstant(kept.createdAt) },
            [
              `${found.name}@${found.version} split ${describeRule(kept.rule)}:`,
              drawTable(
                ['part', 'rows'],
                kept.parts.map((part) => [part.name, formatCount(part.rows)]),
              ),
            ],
          );
        }),
      ),
    );
};

function ruleOf({ by, at, fractions, key, seed }: SplitOptions, keys: readonly string[], ownSeed: number): SplitRule {
  const refuse = (problem: string): AsofError => new AsofError('USAGE', { problem });
  if (by === 'time') {
    if (at === undefined) throw refuse('--by time needs --at T or --at T,T');
    if (fractions ?? key ?? seed) throw refuse('--fractions, --key and --seed go with --by key');
    return { by, at: at.map((text) => formatInstant(requireInstant(text, '--at'))) };
  }
  if (by !== 'key') throw refuse(`--by takes time or key, not "${by}"`);
  if (fractions === undefined) throw refuse('--by key needs --fractions, such as 0.8,0.1,0.1');
  if (at !== undefined) throw refuse('--at goes with --by time');
  return { by, keys: key ?? keys, fractions, seed: seed ?? ownSeed };
}

function parseFractions(text: string): readonly number[] {
  const fractions = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (fractions.every(Number.isFinite)) return fractions;
  throw new AsofError('USAGE', { problem: `--fractions takes numbers such as 0.8,0.1,0.1, not "${text}"` });
}
