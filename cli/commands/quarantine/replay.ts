import { randomUUID } from 'node:crypto';
import { replayRows, type ReplayedRows } from '../../../ingestion/replay-rows.ts';
import type { Register } from '../../main.ts';
import { withOfflineStores } from '../../offline-stores.ts';
import { requireApplied } from '../../project.ts';
import { plural } from '../../table.ts';
import { addChoice, chosenRows, requireSourceName, type ChosenRowsOptions } from './chosen-rows.ts';

export const registerReplay: Register = (quarantine, run) => {
  addChoice(
    quarantine
      .command('replay')
      .description('take rows back in that hold by the definitions of now, each once')
      .argument('<source>'),
  ).action((name: string, options: ChosenRowsOptions) =>
    run((context) =>
      withOfflineStores(context, async (stores) => {
        const { manifest } = await requireApplied(stores.catalog, stores.settings.project);
        const source = requireSourceName(manifest, name);
        const filter = chosenRows(options);
        const result = await replayRows(stores, { manifest, source, filter, runId: randomUUID() });
        context.terminal.result({ source, ...result }, [describe(result)]);
      }),
    ),
  );
};

function describe({ replayed, left, snapshot }: ReplayedRows): string {
  if (replayed + left === 0) return 'No open row to replay.';
  const stay = left === 0 ? '' : `; ${plural(left, 'row')} still do not hold, and stay`;
  return snapshot === null
    ? `No row holds by the definitions of now: ${plural(left, 'row')} stay set aside.`
    : `${plural(replayed, 'row')} taken back in by snapshot ${snapshot}${stay}.`;
}
