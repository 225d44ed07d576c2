import path from 'node:path';
import type { Command } from 'commander';
import type { Catalog, DatasetManifest } from '../../catalog/catalog.ts';
import { AsofError } from '../../contracts/errors.ts';
import { formatInstant } from '../../contracts/time.ts';
import { exportDataset } from '../../offline/dataset-export.ts';
import type { RunResults } from '../../workers/starter.ts';
import { parseCount, parseNames } from '../arguments.ts';
import { runDurably } from '../durable.ts';
import { describeLeakage } from '../leakage.ts';
import type { Register, RunCommand } from '../main.ts';
import { withOfflineStores } from '../offline-stores.ts';
import { requireProjectName, withCatalog } from '../project.ts';
import { drawTable, formatCount } from '../table.ts';

interface BuildOptions {
  readonly spine: string;
  readonly features?: readonly string[];
  readonly service?: string;
  readonly asKnown?: boolean;
  readonly shards?: number;
  readonly wait: boolean;
}

export const registerDataset: Register = (program, run) => {
  const dataset = program.command('dataset').description('durable, versioned, reproducible training datasets');
  registerBuild(dataset, run);
  registerList(dataset, run);
  registerShow(dataset, run);
  registerDiff(dataset, run);
  registerExport(dataset, run);
};

function registerBuild(dataset: Command, run: RunCommand): void {
  dataset
    .command('build')
    .description('join a spine with features and keep the result as a new version')
    .argument('<name>')
    .requiredOption('--spine <file>', 'keys, event_timestamp, labels: Parquet, CSV or JSON Lines')
    .option('--features <names>', 'view:feature,…', parseNames)
    .option('--service <name>', 'a feature service')
    .option('--as-known', 'only rows created by then count')
    .option('--shards <n>', 'parts to compute (default: by the number of rows)', (text) => parseCount(text, '--shards'))
    .option('--no-wait', "return the run's id at once")
    .action((name: string, { wait, spine, ...options }: BuildOptions) =>
      run(async (context) => {
        const input = { project: await requireProjectName(context), name, spine: path.resolve(spine), ...options };
        await runDurably(context, { workflow: 'buildTrainingDataset', input, wait, describe: describeBuild });
      }),
    );
}

function registerList(dataset: Command, run: RunCommand): void {
  dataset
    .command('list')
    .description('every version of every dataset')
    .action(() =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const datasets = await catalog.datasets.list(settings.project);
          context.terminal.result(
            { datasets: datasets.map(describeDataset) },
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
}

function registerShow(dataset: Command, run: RunCommand): void {
  dataset
    .command('show')
    .description('what a dataset was made from')
    .argument('<name[@version]>')
    .action((reference: string) =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const found = await requireDataset(catalog, settings.project, reference);
          context.terminal.result(describeDataset(found), [
            `${found.name}@${found.version}: ${formatCount(found.rows)} rows, made ${formatInstant(found.createdAt)}`,
            `features: ${found.request.service ?? found.request.features?.join(', ') ?? ''}${found.request.asKnown ? ', as known' : ''}`,
            `snapshots: ${Object.entries(found.snapshots)
              .map(([source, snapshot]) => `${source}@${snapshot}`)
              .join(', ')}`,
            ...describeLeakage(found.leakage),
            '',
            drawTable(
              ['column', 'type'],
              found.columns.map(({ name, type }) => [name, type]),
            ),
          ]);
        }),
      ),
    );
}

function registerDiff(dataset: Command, run: RunCommand): void {
  dataset
    .command('diff')
    .description('what changed between two versions')
    .argument('<a>', 'name@version')
    .argument('<b>', 'name@version')
    .action((a: string, b: string) =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const before = await requireDataset(catalog, settings.project, a);
          const after = await requireDataset(catalog, settings.project, b);
          const differences = compareDatasets(before, after);
          context.terminal.result(
            { a: `${before.name}@${before.version}`, b: `${after.name}@${after.version}`, differences },
            differences.length === 0
              ? 'Made from the same definitions, data and spine; the files are equal.'
              : drawTable(
                  ['what', a, b],
                  differences.map((one) => [one.what, one.before ?? '', one.after ?? '']),
                ),
          );
        }),
      ),
    );
}

function registerExport(dataset: Command, run: RunCommand): void {
  dataset
    .command('export')
    .description('write a dataset as one file')
    .argument('<name[@version]>')
    .requiredOption('--out <file>', 'Parquet, CSV or JSON Lines')
    .action((reference: string, { out }: { out: string }) =>
      run((context) =>
        withOfflineStores(context, async ({ settings, catalog, lake, engine, workDirectory }) => {
          const found = await requireDataset(catalog, settings.project, reference);
          const output = path.resolve(out);
          const rows = await exportDataset({ lake, engine, workDirectory, signal: context.signal }, found, output);
          context.terminal.result(
            { name: found.name, version: found.version, output, rows },
            `${formatCount(rows)} rows of ${found.name}@${found.version} in ${out}.`,
          );
        }),
      ),
    );
}

/** `name` for the newest version, `name@3` for one. */
async function requireDataset(catalog: Catalog, project: string, reference: string): Promise<DatasetManifest> {
  const match = /^([^@]+)(?:@(\d+))?$/.exec(reference);
  if (!match) throw new AsofError('USAGE', { problem: `a dataset is name or name@version, not "${reference}"` });
  const [, name = '', version] = match;
  const found = await catalog.datasets.get(project, name, version === undefined ? undefined : Number(version));
  if (found) return found;
  const known = (await catalog.datasets.list(project)).map((one) => `${one.name}@${one.version}`);
  throw new AsofError('UNKNOWN_NAME', { where: 'dataset', kind: 'dataset', name: reference, known });
}

function describeDataset({ createdAt, ...dataset }: DatasetManifest): unknown {
  return { ...dataset, createdAt: formatInstant(createdAt) };
}

interface Difference {
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

function compareDatasets(a: DatasetManifest, b: DatasetManifest): readonly Difference[] {
  const facts = (one: DatasetManifest): ReadonlyMap<string, string> =>
    new Map([
      ['rows', String(one.rows)],
      ['spine', one.spine.checksum],
      ['as known', String(one.request.asKnown)],
      ...Object.entries(one.views).map(([view, fingerprint]) => [`view ${view}`, fingerprint.slice(0, 12)] as const),
      ...Object.entries(one.snapshots).map(
        ([source, snapshot]) => [`source ${source}`, `snapshot ${snapshot}`] as const,
      ),
      ...one.columns.map(({ name, type }) => [`column ${name}`, type] as const),
      ...Object.entries(one.leakage).map(([feature, values]) => [`leakage of ${feature}`, String(values)] as const),
      ['files', one.files.map(({ checksum }) => checksum.slice(0, 12)).join(' ')],
    ]);
  const before = facts(a);
  const after = facts(b);
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((what) => ({ what, before: before.get(what) ?? null, after: after.get(what) ?? null }))
    .filter((one) => one.before !== one.after);
}

function describeBuild(result: RunResults['buildTrainingDataset']): readonly string[] {
  return [
    `${result.name}@${result.version}: ${formatCount(result.rows)} rows, ${result.columns} columns,` +
      ` ${result.files.length} files.`,
    ...describeLeakage(result.leakage),
  ];
}
