import { randomUUID } from 'node:crypto';
import { AsofError } from '../../../contracts/errors.ts';
import { dropRows } from '../../../ingestion/drop-rows.ts';
import type { Register } from '../../main.ts';
import { withOfflineStores } from '../../offline-stores.ts';
import { requireApplied } from '../../project.ts';
import { plural } from '../../table.ts';
import { addChoice, chosenRows, requireSourceName, type ChosenRowsOptions } from './chosen-rows.ts';

interface DropOptions extends ChosenRowsOptions {
  readonly all?: boolean;
}

export const registerDrop: Register = (quarantine, run) => {
  addChoice(
    quarantine
      .command('drop')
      .description('give up rows that were set aside: they can still be shown, and are replayed no more')
      .argument('<source>'),
  )
    .option('--all', 'every open row')
    .action((name: string, options: DropOptions) =>
      run((context) =>
        withOfflineStores(context, async (stores) => {
          if (options.all !== true && options.rule === undefined && options.id === undefined)
            throw new AsofError('USAGE', { problem: 'say which rows are to be dropped: --id, --rule or --all' });
          const { project } = stores.settings;
          const { manifest } = await requireApplied(stores.catalog, project);
          const source = requireSourceName(manifest, name);
          const request = { project, source, filter: chosenRows(options), runId: randomUUID() };
          const dropped = await dropRows(stores, request);
          context.terminal.result({ source, dropped }, [`${plural(dropped, 'row')} dropped.`]);
        }),
      ),
    );
};
