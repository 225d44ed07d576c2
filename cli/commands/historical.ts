import path from 'node:path';
import type { AppliedDefinitions } from '../../catalog/catalog.ts';
import { runtimeFromBundle } from '../../definitions/loading.ts';
import { planFeatures } from '../../offline/fitted-plan.ts';
import { retrieveHistorical, type SpineInput } from '../../offline/retrieval.ts';
import { spineInputOf } from '../../offline/spine-source.ts';
import { parseNames } from '../arguments.ts';
import { describeFits, describeLeakage } from '../leakage.ts';
import type { Register } from '../main.ts';
import { withOfflineStores, type OfflineStores } from '../offline-stores.ts';
import { requireApplied } from '../project.ts';
import { addSpineOptions, spineOf, type SpineOptions } from '../spine-options.ts';
import { formatCount } from '../table.ts';

interface HistoricalOptions extends SpineOptions {
  readonly features?: readonly string[];
  readonly service?: string;
  readonly out: string;
  readonly asKnown?: boolean;
  readonly shortNames?: boolean;
}

export const registerHistorical: Register = (program, run) => {
  addSpineOptions(
    program
      .command('historical')
      .description('point-in-time join in this process: a spine in, the same rows with features out'),
  )
    .option('--features <names>', 'view:feature,…', parseNames)
    .option('--service <name>', 'a feature service')
    .requiredOption('--out <file>', 'Parquet, CSV or JSON Lines')
    .option('--as-known', 'only rows created by then count')
    .option('--short-names', 'feature columns without the name of their view')
    .action((options: HistoricalOptions) =>
      run(async (context) => {
        const source = spineOf(options);
        await withOfflineStores(context, async (stores) => {
          const { catalog, settings } = stores;
          const applied = await requireApplied(catalog, settings.project);
          const spine = spineInputOf(source, applied.manifest);
          const retrieved = await retrieve(stores, applied, spine, options, context.signal);
          context.terminal.result({ output: path.resolve(options.out), ...retrieved }, [
            `${formatCount(retrieved.rows)} rows, ${retrieved.columns.length} columns in ${options.out}.`,
            ...describeLeakage(retrieved.leakage),
            ...describeFits(retrieved.fits),
          ]);
        });
      }),
    );
};

async function retrieve(
  { settings, catalog, lake, engine, workDirectory }: OfflineStores,
  applied: AppliedDefinitions,
  spine: SpineInput,
  { features, service, out, asKnown = false, shortNames = false }: HistoricalOptions,
  signal: AbortSignal,
): ReturnType<typeof retrieveHistorical> {
  const plan = await planFeatures(catalog.fits, applied.manifest, {
    ...(features && { features }),
    ...(service !== undefined && { service }),
  });
  const runtime = runtimeFromBundle(await catalog.definitions.bundle(applied.bundleHash));
  return retrieveHistorical(
    { tables: catalog.tables, intervals: catalog.intervals, lake, engine, workDirectory, signal },
    { project: settings.project, plan, runtime, spine, asKnown, shortNames, output: path.resolve(out) },
  );
}
