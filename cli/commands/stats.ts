import type { FeatureStatistics, ViewStatistics } from '../../contracts/statistics.ts';
import { describeView } from '../../offline/statistics/view-statistics.ts';
import type { WindowRequest } from '../../offline/statistics/window.ts';
import type { Register } from '../main.ts';
import { withOfflineStores } from '../offline-stores.ts';
import { planStatistics } from '../planned-statistics.ts';
import { drawTable, plural } from '../table.ts';

export const registerStats: Register = (program, run) => {
  program
    .command('stats')
    .description('statistics of the features of a view over a window of its rows')
    .argument('<view>')
    .option('--window <duration>', 'such as 24h, 7d or all (default: 24h)')
    .option('--to <time>', 'end of the window, exclusive (default: now, or the newest row when the window has none)')
    .action((name: string, window: WindowRequest) =>
      run((context) =>
        withOfflineStores(context, async (stores) => {
          const { planned, dependencies } = await planStatistics(stores, context, name);
          const statistics = await describeView(dependencies, { project: stores.settings.project, planned, window });
          context.terminal.result(statistics, draw(statistics));
        }),
      ),
    );
};

function draw({ view, from, to, sampleSize, features }: ViewStatistics): readonly string[] {
  const range = `${from === null ? '' : `from ${from} `}before ${to}`;
  const head = ['feature', 'nulls', 'mean', 'std', 'min', 'p50', 'max', 'distinct'];
  return [
    `${view}: ${plural(sampleSize, 'row')} ${range}.`,
    '',
    drawTable(
      head,
      features.map((one) => [one.feature, percent(one.nullShare), ...numbers(one)]),
    ),
  ];
}

function numbers({ mean, std, min, max, quantiles, distinct }: FeatureStatistics): readonly string[] {
  return [mean, std, min, quantiles?.['p50'] ?? null, max, distinct].map((value) =>
    typeof value === 'number' ? shortNumber(value) : String(value ?? ''),
  );
}

function shortNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

function percent(share: number | null): string {
  return share === null ? '' : `${Number((share * 100).toPrecision(3))} %`;
}
