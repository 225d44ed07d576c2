import { datasetDocument, requireDataset } from '../../../activities/dataset-manifest.ts';
import type { DatasetManifest, KeptSplit } from '../../../catalog/catalog.ts';
import type { ColumnStatistics, SplitRule, StatisticValue } from '../../../contracts/datasets.ts';
import { formatInstant } from '../../../contracts/time.ts';
import { openLake } from '../../../lake/open.ts';
import { describeLeakage } from '../../leakage.ts';
import type { Register } from '../../main.ts';
import { withCatalog } from '../../project.ts';
import { drawTable, formatCount } from '../../table.ts';

export const registerList: Register = (dataset, run) => {
  dataset
    .command('list')
    .description('every version of every dataset')
    .action(() =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const datasets = await catalog.datasets.list(settings.project);
          context.terminal.result(
            {
              datasets: datasets.map(({ statistics: _, createdAt, ...one }) => ({
                ...one,
                createdAt: formatInstant(createdAt),
              })),
            },
            drawTable(
              ['dataset', 'rows', 'columns', 'shards', 'created'],
              datasets.map((one) => [
                `${one.name}@${one.version}`,
                formatCount(one.rows),
                one.columns.length,
                one.shards,
                formatInstant(one.createdAt),
              ]),
            ),
          );
        }),
      ),
    );
};

export const registerShow: Register = (dataset, run) => {
  dataset
    .command('show')
    .description('what a version was made from, and what its columns look like; --json prints the whole manifest')
    .argument('<name[@version]>')
    .action((reference: string) =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const found = await requireDataset(catalog, settings.project, reference);
          const splits = await catalog.datasets.splits(found);
          const lake = await openLake(settings);
          const document = await datasetDocument({ catalog, lake }, found);
          context.terminal.result(document, describe(found, splits));
        }),
      ),
    );
};

function describe(found: DatasetManifest, splits: readonly KeptSplit[]): readonly string[] {
  const { request, spineSource } = found;
  return [
    `${found.name}@${found.version}: ${formatCount(found.rows)} rows, made ${formatInstant(found.createdAt)}` +
      (found.rebuiltFrom === null ? '' : `, a rebuild of ${found.rebuiltFrom}`),
    `features: ${request.service ?? request.features?.join(', ') ?? ''}${request.asKnown ? ', as known' : ''}`,
    ...(spineSource === null ? [] : [`spine: ${JSON.stringify(spineSource.spine)}`]),
    `snapshots: ${Object.entries(found.snapshots)
      .map(([source, snapshot]) => `${source}@${snapshot}`)
      .join(', ')}`,
    ...Object.entries(found.fits).map(([feature, version]) => `fit of ${feature}: version ${version}`),
    ...splits.map(({ rule, parts }) => {
      const list = parts.map(({ name, rows }) => `${name} ${formatCount(rows)}`).join(', ');
      return `split ${describeRule(rule)}: ${list}`;
    }),
    ...describeLeakage(found.leakage),
    '',
    drawTable(['column', 'type', 'nulls', 'distinct', 'mean', 'std', 'min', 'median', 'max'], columnRows(found)),
  ];
}

export function describeRule(rule: SplitRule): string {
  return rule.by === 'time'
    ? `by time at ${rule.at.join(', ')}`
    : `by key ${rule.keys.join(', ')}, ${rule.fractions.join('/')}, seed ${rule.seed}`;
}

function columnRows({ columns, statistics }: DatasetManifest): readonly (readonly string[])[] {
  const known = new Map(statistics.map((one) => [one.name, one]));
  return columns.map(({ name, type }) => [name, type, ...numbersOf(known.get(name))]);
}

function numbersOf(one: ColumnStatistics | undefined): readonly string[] {
  if (one === undefined) return [];
  const { nulls, distinct, mean, std, min, max, quantiles } = one;
  return [nulls, distinct, mean, std, min, quantiles?.['p50'] ?? null, max].map(shortText);
}

const WIDEST = 28;

function shortText(value: StatisticValue): string {
  if (value === null) return '';
  const text = typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(6) : String(value);
  return text.length > WIDEST ? `${text.slice(0, WIDEST)}…` : text;
}
