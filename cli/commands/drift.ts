import { requireDataset } from '../../activities/dataset-manifest.ts';
import type { DriftReport, DriftVerdict, FeatureDrift } from '../../contracts/drift.ts';
import { AsofError } from '../../contracts/errors.ts';
import { requireInstant } from '../../contracts/time.ts';
import type { BaselineChoice } from '../../offline/statistics/drift-baseline.ts';
import { describeDrift } from '../../offline/statistics/view-drift.ts';
import type { WindowRequest } from '../../offline/statistics/window.ts';
import type { Register } from '../main.ts';
import { withOfflineStores, type OfflineStores } from '../offline-stores.ts';
import { planStatistics } from '../planned-statistics.ts';
import { drawTable, plural } from '../table.ts';

interface DriftOptions extends WindowRequest {
  readonly baseline?: string;
  readonly baselineFrom?: string;
  readonly baselineTo?: string;
}

export const registerDrift: Register = (program, run) => {
  program
    .command('drift')
    .description(
      'how far the values of a view have gone from a training dataset, a stretch of time or the window before',
    )
    .argument('<view>')
    .option('--window <duration>', 'rows that are looked at: such as 24h, 7d or all (default: 24h)')
    .option('--to <time>', 'end of the window, exclusive (default: now, or the newest row when the window has none)')
    .option('--baseline <dataset>', 'a training dataset, name@version')
    .option('--baseline-from <time>', "or a stretch of the view's rows: its beginning")
    .option('--baseline-to <time>', 'and its end, exclusive')
    .action((name: string, options: DriftOptions) =>
      run((context) =>
        withOfflineStores(context, async (stores) => {
          const choice = await chooseBaseline(stores, options);
          const { planned, dependencies } = await planStatistics(stores, context, name, fitsOf(choice, name));
          const { window, to } = options;
          const request = { project: stores.settings.project, planned, window: { window, to } };
          const report = await describeDrift(dependencies, request, choice);
          context.terminal.result(report, draw(report));
          return EXIT_CODES[report.verdict];
        }),
      ),
    );
};

/** A gate that refuses, and one that cannot tell. */
const EXIT_CODES: Readonly<Record<DriftVerdict, number>> = { ok: 0, warning: 0, critical: 3, insufficient_data: 1 };

async function chooseBaseline(
  { catalog, settings }: OfflineStores,
  { baseline, baselineFrom, baselineTo }: DriftOptions,
): Promise<BaselineChoice> {
  const [from, to] = [baselineFrom, baselineTo];
  if (baseline === undefined && from === undefined && to === undefined) return { kind: 'previous' };
  if (baseline !== undefined && from === undefined && to === undefined) {
    return { kind: 'dataset', dataset: await requireDataset(catalog, settings.project, baseline) };
  }
  if (baseline !== undefined || from === undefined || to === undefined) {
    throw new AsofError('USAGE', {
      problem: 'give --baseline, or --baseline-from with --baseline-to, or none of them',
    });
  }
  return { kind: 'interval', from: requireInstant(from, '--baseline-from'), to: requireInstant(to, '--baseline-to') };
}

/** Values are compared as the model that was trained sees them: by the fit of its dataset. */
function fitsOf(choice: BaselineChoice, view: string): Readonly<Record<string, number>> | undefined {
  if (choice.kind !== 'dataset') return undefined;
  const fit = Object.entries(choice.dataset.fits).find(([feature]) => feature.startsWith(`${view}:`))?.[1];
  return fit === undefined ? undefined : { [view]: fit };
}

function draw({ view, verdict, baseline, current, features, notCompared }: DriftReport): readonly string[] {
  const from = baseline.dataset ?? `${baseline.from ?? ''} to ${baseline.to ?? ''}`;
  return [
    `${view}: ${verdict.replace('_', ' ')}. ${plural(current.rows, 'row')} from ${current.from ?? 'the first'} to ${current.to}, ` +
      `beside ${plural(baseline.rows, 'row')} of ${from}.`,
    '',
    drawTable(
      ['feature', 'verdict', 'PSI', 'KS', 'p', 'JS', 'L∞', 'Hellinger', 'Wasserstein', 'missing'],
      features.map(drawFeature),
    ),
    ...(notCompared.length > 0 ? [`Not compared: ${notCompared.join(', ')}.`] : []),
  ];
}

function drawFeature({ feature, verdict, measures, baseline, current }: FeatureDrift): readonly string[] {
  const { psi, ks, jsDistance, lInfinity, hellinger, wasserstein } = measures ?? {};
  const numbers = [psi, ks?.statistic, ks?.p, jsDistance, lInfinity, hellinger, wasserstein];
  return [
    ...[feature, verdict.replace('_', ' ')],
    ...numbers.map((value) => (typeof value === 'number' ? String(Number(value.toPrecision(4))) : '')),
    `${share(baseline)} → ${share(current)}`,
  ];
}

function share({ rows, missing }: FeatureDrift['current']): string {
  return rows === 0 ? '' : `${Number(((100 * missing) / rows).toPrecision(3))} %`;
}
