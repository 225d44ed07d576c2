import { recipeOf, requireDataset } from '../../../activities/dataset-manifest.ts';
import { AsofError } from '../../../contracts/errors.ts';
import {
  diffDatasets,
  haveEqualValues,
  type DatasetDifference,
  type Difference,
  type DiffSide,
} from '../../../offline/dataset-diff.ts';
import { keyColumnsOf } from '../../../offline/dataset-split.ts';
import type { Register } from '../../main.ts';
import { withOfflineStores, type OfflineStores } from '../../offline-stores.ts';
import { drawTable, formatCount } from '../../table.ts';

export const registerDiff: Register = (dataset, run) => {
  dataset
    .command('diff')
    .description('what changed between two versions: origin, schema, rows, values and statistics')
    .argument('<a>', 'name@version')
    .argument('<b>', 'name@version')
    .option('--pair <how>', 'rows by "position" or by "key" and time (default: position for equal spines, else key)')
    .action((a: string, b: string, { pair }: { pair?: string }) =>
      run(async (context) => {
        if (pair !== undefined && pair !== 'position' && pair !== 'key') {
          throw new AsofError('USAGE', { problem: `--pair takes position or key, not "${pair}"` });
        }
        await withOfflineStores(context, async (stores) => {
          const { engine, lake } = stores;
          const [before, after] = [await sideOf(stores, a), await sideOf(stores, b)];
          const difference = await diffDatasets({ engine, lake, signal: context.signal }, before, after, pair);
          const [nameA, nameB] = [before, after].map(({ dataset: one }) => `${one.name}@${one.version}`) as [
            string,
            string,
          ];
          context.terminal.result(
            { a: nameA, b: nameB, equal: haveEqualValues(difference), ...difference },
            describe(difference, nameA, nameB),
          );
        });
      }),
    );
};

async function sideOf({ catalog, settings, lake }: OfflineStores, reference: string): Promise<DiffSide> {
  const dataset = await requireDataset(catalog, settings.project, reference);
  const { build } = await recipeOf(lake, dataset);
  return { dataset, keys: keyColumnsOf(build.retrieval) };
}

function describe(difference: DatasetDifference, a: string, b: string): readonly string[] {
  const { rows, values, origin, schema, statistics, leakage } = difference;
  const table = (title: string, list: readonly Difference[]): readonly string[] =>
    list.length === 0
      ? []
      : [
          '',
          title,
          drawTable(
            ['what', a, b],
            list.map((one) => [one.what, one.before ?? '', one.after ?? '']),
          ),
        ];
  const how = values.pairing === 'position' ? 'by their place' : 'by key and time';
  return [
    haveEqualValues(difference)
      ? `${a} and ${b} have the same columns, rows and values.`
      : `${a} has ${formatCount(rows.before)} rows, ${b} ${formatCount(rows.after)}; ${formatCount(values.paired)} are paired ${how}, ` +
        `${formatCount(values.onlyInFirst)} are in the first only, ${formatCount(values.onlyInSecond)} in the second only.`,
    ...table('Made from:', origin),
    ...table('Schema:', schema),
    ...(values.columns.length === 0
      ? []
      : [
          '',
          'Values:',
          drawTable(
            ['column', 'changed', 'for example'],
            values.columns.map(({ name, changed, examples: [first] }) => [
              name,
              changed === null ? 'not compared: the types differ' : formatCount(changed),
              first ? `row ${first.rows[0]}: ${first.before ?? 'null'} → ${first.after ?? 'null'}` : '',
            ]),
          ),
        ]),
    ...table('Statistics:', statistics),
    ...table('Leakage:', leakage),
  ];
}
