import path from 'node:path';
import type { EngineWish } from '../../../contracts/engines.ts';
import { AsofError } from '../../../contracts/errors.ts';
import type { BuildTrainingDatasetInput } from '../../../contracts/runs.ts';
import type { RunResults } from '../../../workers/starter.ts';
import { parseCount, parseEngine, parseNames, parseWholeNumber } from '../../arguments.ts';
import { explain } from '../../explanation.ts';
import { runDurably } from '../../durable.ts';
import { describeFits, describeLeakage } from '../../leakage.ts';
import type { CommandContext, Register } from '../../main.ts';
import { requireProjectName } from '../../project.ts';
import { addSpineOptions, spineOf, type SpineOptions } from '../../spine-options.ts';
import { plural } from '../../table.ts';

interface BuildOptions extends SpineOptions {
  readonly features?: readonly string[];
  readonly service?: string;
  readonly asKnown?: boolean;
  readonly shards?: number;
  readonly engine?: EngineWish;
  readonly explain?: boolean;
  readonly seed?: number;
  readonly fromManifest?: string;
  readonly wait: boolean;
}

const parseShards = (text: string): number => parseCount(text, '--shards');

export const registerBuild: Register = (dataset, run) => {
  addSpineOptions(
    dataset
      .command('build')
      .description('join a spine with features and keep the result as a new version')
      .argument('<name>'),
  )
    .option('--features <names>', 'view:feature,…', parseNames)
    .option('--service <name>', 'a feature service')
    .option('--as-known', 'only rows created by then count')
    .option('--shards <n>', 'parts to compute (default: by the number of rows)', parseShards)
    .option('--engine <name>', 'duckdb, spark, or auto (default: what each view says)', parseEngine)
    .option('--explain', 'say what would be read for each view, by which engine and why, and start nothing')
    .option('--seed <n>', 'kept with the version, and used by its splits (default: 0)', (text) =>
      parseWholeNumber(text, '--seed'),
    )
    .option('--from-manifest <file>', 'build once more what a manifest says, in place of a spine and features')
    .option('--no-wait', "return the run's id at once")
    .action((name: string, { wait, explain: explaining = false, ...options }: BuildOptions) =>
      run(async (context) => {
        if (explaining) {
          const { spine: source, features, service, asKnown = false, engine, shards } = inputOf(options);
          if (source === undefined) throw new AsofError('USAGE', { problem: '--explain goes with a spine' });
          const request = { ...(features && { features }), ...(service !== undefined && { service }) };
          const how = { asKnown, shortNames: false, engine, shards, byWorker: true };
          return explain(context, { source, features: request, ...how });
        }
        const input = { project: await requireProjectName(context), name, ...inputOf(options) };
        await build(context, input, wait);
      }),
    );
};

export const registerRebuild: Register = (dataset, run) => {
  dataset
    .command('rebuild')
    .description(
      'build a version once more, as a new one: the same spine, snapshots and definitions, whatever came since',
    )
    .argument('<name[@version]>')
    .option('--as <name>', 'under another name')
    .option('--shards <n>', 'parts to compute (default: as it was)', parseShards)
    .option('--no-wait', "return the run's id at once")
    .action((reference: string, { wait, as, shards }: { wait: boolean; as?: string; shards?: number }) =>
      run(async (context) => {
        const project = await requireProjectName(context);
        const name = as ?? reference.split('@', 1)[0]!;
        await build(context, { project, name, rebuild: reference, ...(shards !== undefined && { shards }) }, wait);
      }),
    );
};

function inputOf(options: Omit<BuildOptions, 'wait' | 'explain'>): Omit<BuildTrainingDatasetInput, 'project' | 'name'> {
  const { features, service, asKnown, shards, seed, engine, fromManifest, ...spine } = options;
  const rest = {
    ...(features && { features }),
    ...(service !== undefined && { service }),
    ...(asKnown !== undefined && { asKnown }),
    ...(seed !== undefined && { seed }),
    ...(engine !== undefined && { engine }),
  };
  const sharding = shards === undefined ? {} : { shards };
  if (fromManifest === undefined) return { spine: spineOf(spine), ...rest, ...sharding };
  const [extra] = [...Object.keys(spine), ...Object.keys(rest)];
  if (extra !== undefined) {
    throw new AsofError('USAGE', { problem: `--from-manifest says ${extra} already; leave the option out` });
  }
  return { rebuild: path.resolve(fromManifest), ...sharding };
}

async function build(context: CommandContext, input: BuildTrainingDatasetInput, wait: boolean): Promise<void> {
  await runDurably(context, { workflow: 'buildTrainingDataset', input, wait, describe: describeBuild });
}

function describeBuild(result: RunResults['buildTrainingDataset']): readonly string[] {
  return [
    `${result.name}@${result.version}: ${plural(result.rows, 'row')}, ${plural(result.columns, 'column')},` +
      ` ${plural(result.files.length, 'file')}.`,
    ...describeLeakage(result.leakage),
    ...describeFits(result.fits ?? {}),
  ];
}
