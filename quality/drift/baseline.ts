/** What a baseline keeps: the state of each column, and of those whose drift can be told their bins with its rows in them. */
import type { ColumnBaseline } from '../../contracts/drift.ts';
import type { ColumnState } from '../../contracts/statistics.ts';
import type { Session } from '../../engine/engine.ts';
import { readStates, type MeasuredColumn } from '../statistics/state-sql.ts';
import { populationDeviationOf } from '../statistics/stored-moments.ts';
import { chooseBins, countBinned, hasDrift } from './bins-sql.ts';

export interface BaselineRows {
  /** By position; the baseline is null for a column whose drift cannot be told. */
  readonly columns: readonly { readonly state: ColumnState; readonly baseline: ColumnBaseline | null }[];
}

/** `relation` as `readStates` takes it. */
export async function readBaselines(
  session: Session,
  relation: string,
  columns: readonly MeasuredColumn[],
): Promise<BaselineRows> {
  const states = await readStates(session, relation, columns);
  const chosen = [];
  for (const [index, column] of columns.entries()) {
    if (hasDrift(column)) {
      chosen.push({ index, column, bins: await chooseBins(session, relation, column, states[index]!) });
    }
  }
  const binned = await countBinned(session, relation, chosen);
  const baselines = new Map(
    chosen.map(({ index, bins }, place) => {
      const deviation = bins.kind === 'number' ? populationDeviationOf(states[index]!.moments) : null;
      return [index, { bins, binned: binned[place]!, deviation }];
    }),
  );
  return { columns: states.map((state, index) => ({ state, baseline: baselines.get(index) ?? null })) };
}
