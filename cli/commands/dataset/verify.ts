import { recipeOf, requireDataset } from '../../../activities/dataset-manifest.ts';
import { AsofError } from '../../../contracts/errors.ts';
import { runtimeFromBundle } from '../../../definitions/loading.ts';
import { verifyDataset } from '../../../offline/dataset-rebuild.ts';
import type { Register } from '../../main.ts';
import { withOfflineStores } from '../../offline-stores.ts';
import { formatCount } from '../../table.ts';

export const registerVerify: Register = (dataset, run) => {
  dataset
    .command('verify')
    .description('compute a version again and compare every value with what is kept; fails when one differs')
    .argument('<name[@version]>')
    .action((reference: string) =>
      run((context) =>
        withOfflineStores(context, async ({ settings, catalog, lake, engine, workDirectory }) => {
          const found = await requireDataset(catalog, settings.project, reference);
          const { retrieval } = (await recipeOf(lake, found)).build;
          const runtime = runtimeFromBundle(await catalog.definitions.bundle(found.bundleHash));
          const { tables, intervals } = catalog;
          const dependencies = { tables, intervals, lake, engine, workDirectory, signal: context.signal, runtime };
          const { damaged, values } = await verifyDataset(dependencies, found, retrieval);
          const name = `${found.name}@${found.version}`;
          const [first] = damaged;
          if (first) throw new AsofError('LAKE_FILE_CORRUPT', { ...first });
          if (!values) throw new AsofError('INTERNAL', { problem: 'the values were not compared' });
          if (values.columns.length > 0) {
            const columns = values.columns.map((one) => `${one.name} (${one.changed ?? 'another type'})`);
            throw new AsofError('DATASET_DIFFERS', { dataset: name, columns });
          }
          context.terminal.result(
            { dataset: name, rows: found.rows, columns: found.columns.length, equal: true },
            `${name}: ${formatCount(found.rows)} rows and ${found.columns.length} columns, computed again with equal values.`,
          );
        }),
      ),
    );
};
