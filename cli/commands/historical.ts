import path from 'node:path';
import type { AppliedDefinitions } from '../../catalog/catalog.ts';
import type { EngineWish } from '../../contracts/engines.ts';
import { AsofError } from '../../contracts/errors.ts';
import type { FeatureRequest } from '../../contracts/plan.ts';
import { runtimeFromBundle } from '../../definitions/loading.ts';
import { planFeatures } from '../../offline/fitted-plan.ts';
import { retrieveHistorical, type SpineInput } from '../../offline/retrieval.ts';
import { openSparkSetup } from '../../offline/spark/setup.ts';
import { spineInputOf } from '../../offline/spine-source.ts';
import { parseEngine, parseNames } from '../arguments.ts';
import { explain } from '../explanation.ts';
import { describeFits, describeLeakage } from '../leakage.ts';
import type { Register } from '../main.ts';
import { withOfflineStores, type OfflineStores } from '../offline-stores.ts';
import { requireApplied } from '../project.ts';
import { addSpineOptions, spineOf, type SpineOptions } from '../spine-options.ts';
import { plural } from '../table.ts';

interface HistoricalOptions extends SpineOptions {
  readonly features?: readonly string[];
  readonly service?: string;
  readonly out?: string;
  readonly engine?: EngineWish;
  readonly explain?: boolean;
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
    .option('--out <file>', 'Parquet, CSV or JSON Lines')
    .option('--as-known', 'only rows created by then count')
    .option('--short-names', 'feature columns without the name of their view')
    .option('--engine <name>', 'duckdb, spark, or auto (default: what each view says)', parseEngine)
    .option('--explain', 'say what would be read for each view, by which engine and why, and write nothing')
    .action((options: HistoricalOptions) =>
      run(async (context) => {
        const source = spineOf(options);
        const { asKnown = false, shortNames = false, engine, out } = options;
        if (options.explain) {
          const features = featuresOf(options);
          return explain(context, { source, features, asKnown, shortNames, engine, byWorker: false });
        }
        if (out === undefined) throw new AsofError('USAGE', { problem: 'name the output with --out' });
        await withOfflineStores(context, async (stores) => {
          const { catalog, settings } = stores;
          const applied = await requireApplied(catalog, settings.project);
          const spine = spineInputOf(source, applied.manifest);
          const output = path.resolve(out);
          const retrieved = await retrieve(stores, applied, { ...options, spine, output }, context.signal);
          context.terminal.result({ output, ...retrieved }, [
            `${plural(retrieved.rows, 'row')}, ${plural(retrieved.columns.length, 'column')} in ${out}.`,
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
  options: Omit<HistoricalOptions, 'spine'> & { readonly spine: SpineInput; readonly output: string },
  signal: AbortSignal,
): ReturnType<typeof retrieveHistorical> {
  const { spine, output, asKnown = false, shortNames = false, engine: wish } = options;
  const plan = await planFeatures(catalog.fits, applied.manifest, featuresOf(options));
  const runtime = runtimeFromBundle(await catalog.definitions.bundle(applied.bundleHash));
  return retrieveHistorical(
    {
      tables: catalog.tables,
      intervals: catalog.intervals,
      lake,
      engine,
      workDirectory,
      signal,
      spark: openSparkSetup(settings),
    },
    { project: settings.project, plan, runtime, spine, asKnown, shortNames, output, engine: wish },
  );
}

function featuresOf({ features, service }: Pick<HistoricalOptions, 'features' | 'service'>): FeatureRequest {
  return { ...(features && { features }), ...(service !== undefined && { service }) };
}
