import path from 'node:path';
import { requireDataset } from '../../../activities/dataset-manifest.ts';
import { findPart } from '../../../offline/dataset-part.ts';
import { exportDataset } from '../../../offline/dataset-export.ts';
import type { Register } from '../../main.ts';
import { withOfflineStores } from '../../offline-stores.ts';
import { formatCount } from '../../table.ts';

export const registerExport: Register = (dataset, run) => {
  dataset
    .command('export')
    .description('write a dataset, or one part of it, as one file')
    .argument('<name[@version]>')
    .requiredOption('--out <file>', 'Parquet, CSV or JSON Lines')
    .option('--split <part>', 'only the rows of this part, such as train')
    .action((reference: string, { out, split }: { out: string; split?: string }) =>
      run((context) =>
        withOfflineStores(context, async ({ settings, catalog, lake, engine, workDirectory }) => {
          const found = await requireDataset(catalog, settings.project, reference);
          const part = split === undefined ? undefined : findPart(await catalog.datasets.splits(found), found, split);
          const output = path.resolve(out);
          const dependencies = { lake, engine, workDirectory, signal: context.signal };
          const rows = await exportDataset(dependencies, found, output, part);
          const { name, version } = found;
          context.terminal.result(
            { name, version, ...(split !== undefined && { split }), output, rows },
            `${formatCount(rows)} rows of ${name}@${version}${split === undefined ? '' : `, ${split},`} in ${out}.`,
          );
        }),
      ),
    );
};
